"""The environment of a command: the variables that are set, completed by a running `crewkit-git up`."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import PREFIX


def read_settings(process: str) -> Settings:
    """Return the settings of a command, or end it with what is missing and how to provide it."""
    from entrypoints.local.development.demo import with_running_demo

    return _parse(with_running_demo(os.environ), process)


def read_settings_with_keys(process: str) -> Settings:
    """Do what `read_settings` does, and complete the settings by the keys that a running `up` created."""
    return _parse(with_development_keys(os.environ), process)


def with_development_keys(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the service's processes: those that `up` runs, if it is running."""
    from entrypoints.local.development.demo import running_demo, with_running_demo
    from entrypoints.local.up.keys import development_environment

    environment = with_running_demo(given)
    home = Path(environment.get(f"{PREFIX}HOME") or ".crewkit-git")
    if running_demo(home) is None:
        return environment
    return {**environment, **development_environment(home, environment)}


def missing_demo_hint(given: Mapping[str, str]) -> str | None:
    """Explain why no running `up` was found; None if one was found, or in production."""
    from entrypoints.local.development.demo import explain_missing_demo

    why = explain_missing_demo(given)
    if why is None or given.get(f"{PREFIX}ENVIRONMENT", "").strip() == "production":
        return None
    return (
        f"No running service was found: {why}. `crewkit-git up` (or `make run`) writes this file while it "
        f"runs. Run this command in the directory where it was started, or set {PREFIX}HOME to its data "
        "directory, such as /path/to/.crewkit-git."
    )


def _parse(environment: Mapping[str, str], process: str) -> Settings:
    try:
        return Settings.from_environment(environment, process=process)
    except SettingsRefused as refusal:
        hint = missing_demo_hint(os.environ)
        raise click.ClickException(f"{refusal}\n\n{hint}" if hint else str(refusal)) from refusal
