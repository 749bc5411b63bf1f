"""Registering a GitHub App with a page on this machine: `crewkit-git register-app`."""
