"""Kubernetes on AWS. It imports nothing by itself: pulumi_aws is for environments that use it.

`component` is the cluster, `args` what it is made from; `addresses`, `instances` and `upgrades` are plain functions
and figures, which the configuration is checked with.
"""
