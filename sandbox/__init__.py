"""A simulated GitHub for development, tests and demonstrations without a GitHub account."""
