"""Stores of data, a folder each: PostgreSQL, Redis, and buckets."""
