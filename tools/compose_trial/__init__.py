"""The trial of the containers: ``make compose-trial``.

Starts a Docker engine of its own from Debian's packages, in namespaces of its own, makes stand-ins
for the public images, builds the project's Dockerfile unchanged in a copy of the checkout, and runs
the commands of the operator's guide as they are written there. Nothing is installed, and nothing
outside the state folder stays. Passed parts and figures are kept there, so that the trial can be
resumed, or single parts run again, without a new build.
"""
