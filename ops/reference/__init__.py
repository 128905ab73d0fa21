"""The keys of an environment's file as its JSON Schema has them: looked up, explained, and written as a page."""
