"""Benchmarks: `python -m bench [NAME...]` prints one table, each floor measured in the same run."""
