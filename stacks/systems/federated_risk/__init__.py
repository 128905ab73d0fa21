"""Federated risk: consent, private set intersection and scoring over the data of several parties."""
