"""The environment of a command: the variables that are set, completed by a demo that runs on this machine."""

import os
from collections.abc import Mapping

import click

from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import PREFIX


def read_settings(process: str) -> Settings:
    """Return the settings of a command, or end it with what is missing and how to provide it."""
    from entrypoints.development.running_demo import with_running_demo

    try:
        return Settings.from_environment(with_running_demo(os.environ), process=process)
    except SettingsRefused as refusal:
        hint = missing_demo_hint(os.environ)
        raise click.ClickException(f"{refusal}\n\n{hint}" if hint else str(refusal)) from refusal


def missing_demo_hint(environment: Mapping[str, str]) -> str | None:
    """Explain why no running demo was found; None if one was found, or in production."""
    from entrypoints.development.running_demo import explain_missing_demo

    why = explain_missing_demo(environment)
    if why is None or environment.get(f"{PREFIX}ENVIRONMENT", "").strip() == "production":
        return None
    return (
        f"No running service was found: {why}. `make run` writes this file while it runs. Run this command in the "
        f"directory where it was started, or set {PREFIX}HOME to its data directory, such as /path/to/.crewkit-git."
    )
