"""The findings of `crewkit-git doctor`: what is wrong with an installation of the service, and what to do.

`entrypoints.doctor.checks` reads the state of PostgreSQL, Redis and GitHub. The pure functions here turn
that state into findings.
"""
