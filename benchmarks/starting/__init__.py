"""Measure the start time and the memory of all processes."""
