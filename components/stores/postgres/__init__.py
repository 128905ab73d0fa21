"""PostgreSQL on CloudNativePG: the cluster, its poolers, its backups and its monitoring."""
