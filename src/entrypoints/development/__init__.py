"""Parts of the service that only development uses: signing access tokens, and reading what a running demo publishes.

The embedded servers and the demo data are in the top-level package `local`.
"""
