"""Argo CD's view of an environment: a project, and an Application for each of its parts in each cluster."""
