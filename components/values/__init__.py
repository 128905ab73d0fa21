"""Values that people write: the base of their models, and types that say what is allowed."""
