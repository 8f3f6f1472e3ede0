"""Kinds of long runs, one a file; see ``benchmarks/long_runs.py``."""
