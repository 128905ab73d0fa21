"""Several clusters of one environment: what is in each, and roll-outs from one to the next."""
