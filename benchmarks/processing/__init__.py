"""Measure processing a backlog of stored deliveries with one worker."""
