"""Measure what every request pays to know who asks and what they may do."""
