"""Measure calls over gRPC, and streams that wait."""
