"""What runs the rules: the pack of CrossGuard, the evaluation of a recorded graph, levels and exemptions."""
