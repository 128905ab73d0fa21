"""The two engines that carry an environment out: Pulumi's own, and the recorded one that needs only kubectl.

Both give the same objects; `ops.deploy` uses Pulumi where its CLI is on PATH.
"""
