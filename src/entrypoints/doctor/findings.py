import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from core.domain.errors import DomainError


class Level(Enum):
    """How bad a finding is, the least first. A note is what only a person can look at."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, in a sentence, and what to do about it."""

    level: Level
    about: str
    message: str
    remedy: str = ""


def ok(about: str, message: str) -> Finding:
    """Find that something is as it should be."""
    return Finding(Level.OK, about, message)


def note(about: str, message: str) -> Finding:
    """Tell what cannot be asked."""
    return Finding(Level.NOTE, about, message)


def warn(about: str, message: str, remedy: str) -> Finding:
    """Find something that works today, and may not tomorrow."""
    return Finding(Level.WARN, about, message, remedy)


def fail(about: str, message: str, remedy: str) -> Finding:
    """Find something that does not work."""
    return Finding(Level.FAIL, about, message, remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """One question: `look` asks it and judges the answer; `remedy` helps where none comes."""

    about: str
    look: Callable[[], Awaitable[Iterable[Finding]]]
    remedy: str


async def examine(checks: Sequence[Check], *, seconds: float) -> list[Finding]:
    """Make all checks at once, each for so long at most; none keeps another from being made."""
    found = await asyncio.gather(*(_made(check, seconds) for check in checks))
    return [finding for findings in found for finding in findings]


async def _made(check: Check, seconds: float) -> list[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return list(await check.look())
    except TimeoutError:
        return [fail(check.about, f"There was no answer within {seconds:g} seconds.", check.remedy)]
    except DomainError as refusal:
        return [fail(check.about, refusal.message, check.remedy)]
    except Exception as error:  # noqa: BLE001 - the other checks count; the text may repeat anything
        return [fail(check.about, f"It could not be looked at ({type(error).__name__}).", check.remedy)]
