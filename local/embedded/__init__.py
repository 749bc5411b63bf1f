"""Run a real PostgreSQL and a real Redis from wheels: development and tests need no installed server."""
