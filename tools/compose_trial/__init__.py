"""The trial of the containers: ``make compose-trial``.

Starts a Docker engine of its own from Debian's packages, in namespaces of its own, makes stand-ins
for the public images, builds the project's Dockerfile unchanged, brings the compose file up and
goes through the operator's guide. Nothing is installed and nothing outside the state folder stays.
"""
