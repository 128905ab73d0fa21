"""Object storage: MinIO's servers, buckets with a user for each, and the rights to a bucket of S3."""

from components.stores.buckets.buckets import Bucket, BucketAccess, Buckets, BucketsArgs, BucketUser, role_annotations
from components.stores.buckets.component import PORT, ObjectStorage, ObjectStorageArgs

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
