"""Measure this service beside what people would write otherwise: `python -m benchmarks`."""
