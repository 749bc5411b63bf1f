"""Measure what a ledger of many rows adds to the cost of an event."""
