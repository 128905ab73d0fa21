"""Federated risk: consent, private set intersection and scoring over the data of several parties."""

from stacks.systems.federated_risk.system import Config

__all__ = ["Config"]
