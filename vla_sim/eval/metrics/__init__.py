"""Metrics: one pure function of an Episode a file; `METRICS` lists them."""
