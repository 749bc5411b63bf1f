"""Measure how soon everything runs, and what memory it takes."""
