"""The alerts that the systems' documents name, each under exactly that name, with its threshold, duration and severity.

Names repeat between documents (`HighErrorRate` is in all five): the label `system` tells them apart, and each reads
only the series of its own namespace. Where a document's expression cannot work as it is written, it is corrected, and
docs/decisions/0010-alert-expressions.md says how.
"""
