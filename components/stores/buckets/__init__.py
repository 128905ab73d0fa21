"""Object storage: MinIO's servers, buckets with a user for each, and the rights to a bucket of S3."""
