"""Speed and memory as ratios within one run: `python -m benchmarks [NAME …]`.

A ratio of medians of alternating runs holds on a busy machine, where a time in seconds would not.
"""
