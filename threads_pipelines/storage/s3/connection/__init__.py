"""The connection to an S3-compatible server: boto3's client, and one bucket with its errors.

Belongs here: requests that are about the bucket and its list of keys.
Does not belong here: the content of objects (``storage/s3/objects.py``).
"""
