"""What every system is made with: from its declaration and an environment's figures to registered components.

The way of the data: `declaration` (what a system needs, as data) and `config` (what an environment says of it) →
`plan` with `stores` (the arguments of every component) → `component` (their registration).
"""
