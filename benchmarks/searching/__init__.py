"""Measure lists and searches of the catalog."""
