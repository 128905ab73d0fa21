"""The file of an environment: its models and their checks, its tiers, and the lines that errors name."""
