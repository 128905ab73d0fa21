"""How the versions of a service are exchanged: the key `release`, what it must agree on, and the mesh that it needs.

`config` is what an environment may say, `rules` what releases must agree on, `arguments` and `mesh` make of it what the
components are told.
"""
