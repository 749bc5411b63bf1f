"""Findings of checks, checks, and the words of durations and numbers in findings."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from core.domain.errors import DomainError


class Level(Enum):
    """How serious a finding is, the least serious first. A note is about something that was not checked."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check: a sentence, and what to do about it."""

    level: Level
    about: str
    message: str
    remedy: str = ""


def ok(about: str, message: str) -> Finding:
    """Report that something works."""
    return Finding(Level.OK, about, message)


def note(about: str, message: str) -> Finding:
    """Report what was not checked."""
    return Finding(Level.NOTE, about, message)


def warn(about: str, message: str, remedy: str) -> Finding:
    """Report something that works now but may fail later."""
    return Finding(Level.WARN, about, message, remedy)


def fail(about: str, message: str, remedy: str) -> Finding:
    """Report something that does not work."""
    return Finding(Level.FAIL, about, message, remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `run` returns its findings; `remedy` is shown if it fails or takes too long."""

    about: str
    run: Callable[[], Awaitable[Iterable[Finding]]]
    remedy: str


async def examine(checks: Sequence[Check], *, seconds: float) -> list[Finding]:
    """Run all checks concurrently, each for at most `seconds`. A failing check does not affect the others."""
    results = await asyncio.gather(*(_run(check, seconds) for check in checks))
    return [finding for findings in results for finding in findings]


async def _run(check: Check, seconds: float) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return list(await check.run())
    except TimeoutError:
        return [fail(check.about, f"No response within {seconds:g} seconds.", check.remedy)]
    except DomainError as refusal:
        return [fail(check.about, refusal.message, check.remedy)]
    except Exception as error:  # noqa: BLE001 - other checks continue; the error's text may contain a secret
        return [fail(check.about, f"The check failed with {type(error).__name__}.", check.remedy)]


def format_duration(time: timedelta) -> str:
    """Return a duration in words, in its largest unit: `3 hours`."""
    seconds = max(time.total_seconds(), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return format_count(int(seconds // size), unit)
    return format_count(int(seconds), "second")


def format_count(count: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 value`, `2 values`."""
    return f"{count} {singular if count == 1 else plural or f'{singular}s'}"


def format_deliveries(count: int) -> str:
    """Return a number of deliveries in words."""
    return format_count(count, "delivery", "deliveries")
