"""The policy pack: what an environment must satisfy, whichever engine deploys it.

`rules/` declares the rules, `evaluation` runs them on the recorded graph, `pack` turns them into CrossGuard policies,
and `__main__.py` serves those to the Pulumi engine. Who is let off a rule, and until when, is in `exemptions`.
"""
