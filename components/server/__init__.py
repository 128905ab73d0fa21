"""A server of the platform's own, such as an exporter, a store of logs or a collector: equal pods of one image."""
