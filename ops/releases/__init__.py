"""Releases that no controller carries out: `ops canary` and `ops switch`, and a look at those that Flagger does."""
