"""Redis, run by the OT-CONTAINER-KIT operator: one server, or a sharded cluster."""
