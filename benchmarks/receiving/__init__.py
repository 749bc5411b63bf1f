"""Measure receiving one delivery: the contenders, and the interleaved windows that compare them."""
