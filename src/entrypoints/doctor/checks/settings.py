"""Checks of the settings, and of the adapters and the route that they name."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack

from entrypoints.bootstrap.extensions import check_adapters
from entrypoints.bootstrap.outgoing import create_route
from entrypoints.doctor.findings import Check, Finding, Level, fail, note, ok, warn
from entrypoints.settings.problem import Problem
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings, SettingsRefused
from entrypoints.settings.table import SETTINGS

_ABOUT = "settings"


def settings_checks(settings: Settings, problems: Sequence[Problem], unknown: Sequence[Problem]) -> list[Check]:
    """Return the checks that need no other system. `unknown` has variables that look like settings but are not."""

    async def check_values() -> list[Finding]:
        return check_settings(settings, problems, unknown)

    async def check_configured_adapters() -> list[Finding]:
        async with AsyncExitStack() as stack:
            try:
                check_adapters(settings.adapters, os.environ, stack)
            except SettingsRefused as refusal:
                return [fail("adapters", f"{problem.problem}.", f"{problem.remedy}.") for problem in refusal.problems]
        configured = ", ".join(adapter.text for adapter in settings.adapters)
        return [ok("adapters", f"All configured adapters match their ports: {configured}.")]

    async def describe_route() -> list[Finding]:
        return [ok("outgoing calls", create_route(settings).description)]

    return [
        Check(_ABOUT, check_values, ""),
        *([Check("adapters", check_configured_adapters, "")] if settings.adapters else []),
        Check("outgoing calls", describe_route, ""),
    ]


def check_settings(settings: Settings, problems: Sequence[Problem], unknown: Sequence[Problem] = ()) -> list[Finding]:
    """Report each problem with its remedy, and each variable that looks like a setting but is not."""
    valid = ok(_ABOUT, f"All {len(SETTINGS)} settings are valid. The environment is {settings.environment.value}.")
    return [
        *([_to_finding(fail, problem) for problem in problems] or [valid]),
        *(_to_finding(warn, problem) for problem in unknown),
    ]


def has_unreadable_settings(findings: Iterable[Finding]) -> bool:
    """Return whether a setting is missing or wrong."""
    return any(finding.about == _ABOUT and finding.level is Level.FAIL for finding in findings)


def report_missing(settings: Settings, about: str, names: Sequence[str], remedy: str) -> Check:
    """Return a check whose settings are missing. In production, the settings check reports the failure."""
    missing = " and ".join(f"{PREFIX}{name}" for name in names)
    message = f"Not checked, because {missing} {'is' if len(names) == 1 else 'are'} not set."

    async def check() -> list[Finding]:
        return [fail(about, message, remedy) if settings.is_development else note(about, message)]

    return Check(about, check, remedy)


def _to_finding(report: Callable[[str, str, str], Finding], problem: Problem) -> Finding:
    return report(_ABOUT, f"{problem.variable}: {problem.problem}.", f"{problem.remedy}.")
