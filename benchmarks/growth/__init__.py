"""Measure how the number of stored events affects the cost of an event."""
