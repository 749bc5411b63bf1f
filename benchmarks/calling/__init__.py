"""Measure calls over gRPC, and idle streams."""
