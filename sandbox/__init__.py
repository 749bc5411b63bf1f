"""A small GitHub of our own, for development, tests and demonstrations without an account there."""
