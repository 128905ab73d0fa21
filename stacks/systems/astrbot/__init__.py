"""The AstrBot SaaS platform."""
