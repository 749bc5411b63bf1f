"""Compare clients that read an installation's repositories from GitHub's API."""
