"""The program recorded in memory: `record` runs it, `model` is what comes out, the rest are views of that.

A view is a pure function of the graph. Nothing here talks to a cluster.
"""
