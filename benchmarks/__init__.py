"""Measure this service beside what people would write otherwise: `python -m benchmarks --help`.

A folder here with a `benchmark.py` that defines `BENCHMARK` is a benchmark, named after the folder; what that
is, is in `benchmarks/benchmark.py`, and `checks` is a small one to begin from. A run writes
`docs/benchmarks/NAME.md` and beside it, in JSON, what the index `docs/benchmarks.md` says of it. What several
share is in `common`.
"""
