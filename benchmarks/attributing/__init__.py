"""Measure whose commits are found out to be, and how fast earlier ones are claimed."""
