"""Benchmarks: how long the jobs take, beside bounds and peers measured in the same run."""
