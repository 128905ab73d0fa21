"""What any part of the platform may need of AWS: whose a resource is, policies, roles, keys, buckets for backups."""
