"""Logs and traces: the servers that collect, process and keep them, each made of its configuration and its figures."""
