"""Compare this service with common alternatives: `python -m benchmarks --help`.

Each folder with a `benchmark.py` that defines `BENCHMARK` is a benchmark with the folder's name. The types
are in `benchmarks/benchmark.py`; `checks` is a small example. A run writes `docs/benchmarks/NAME.md` and,
as JSON beside it, the data for the index `docs/benchmarks.md`. Shared code is in `common`.
"""
