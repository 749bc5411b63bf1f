"""What is wrong with an installation of the service, and what to do about it: `crewkit-git doctor`.

A check asks (`entrypoints.bootstrap.doctor`), and a pure function here judges what was found.
"""
