"""From an environment's configuration to composed components: `config` → `tiers` → `environment` → `systems`."""
