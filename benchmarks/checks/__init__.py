"""Measure authentication and authorization."""
