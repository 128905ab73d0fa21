"""Logs and traces: the programs that collect, process and keep them, each made of its configuration and its figures."""
