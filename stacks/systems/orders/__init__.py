"""Orders: the Rust service of the Prometheus Operator guide."""
