"""Object storage: MinIO's servers, buckets with a user for each, and the rights to a bucket of S3."""

from components.object_storage.access import BucketAccess, role_annotations
from components.object_storage.buckets import Bucket, Buckets, BucketsArgs, BucketUser
from components.object_storage.component import PORT, ObjectStorage, ObjectStorageArgs

__all__ = [
    "PORT",
    "Bucket",
    "BucketAccess",
    "BucketUser",
    "Buckets",
    "BucketsArgs",
    "ObjectStorage",
    "ObjectStorageArgs",
    "role_annotations",
]
