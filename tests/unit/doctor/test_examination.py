"""Checks are made at once, each within its time, and none is in another's way."""

import asyncio
import json
import time

from core.domain.errors import StorageUnavailable
from entrypoints.doctor.checks.settings import check_settings
from entrypoints.doctor.findings import Check, Finding, Level, examine, fail, note, ok, warn
from entrypoints.doctor.report import as_json, as_text, is_well
from entrypoints.settings.problem import Problem
from entrypoints.settings.settings import Settings

WORST_FIRST = [fail("a", "Wrong.", "Mend it."), warn("longer", "Odd.", "Look."), note("b", "Look."), ok("c", "Well.")]


def check(about: str, answer: list[Finding] | Exception | None) -> Check:
    """Make a check that finds this, raises it, or never ends."""

    async def look() -> list[Finding]:
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer or []

    return Check(about, look, "Do this.")


async def test_runs_every_check_despite_failures() -> None:
    """One hangs, one is rejected, one raises, one passes; the total time is that of the longest."""
    began = time.monotonic()

    findings = await examine(
        [
            check("hangs", None),
            check("hangs, too", None),
            check("refused", StorageUnavailable("The database does not answer.")),
            check("breaks", RuntimeError("password=hunter2")),
            check("well", [ok("well", "Yes.")]),
        ],
        seconds=0.2,
    )

    assert time.monotonic() - began < 2
    assert [one.level for one in findings] == [Level.FAIL] * 4 + [Level.OK]
    assert [one.message for one in findings] == [
        "No response within 0.2 seconds.",
        "No response within 0.2 seconds.",
        "The database does not answer.",
        "The check failed with RuntimeError.",
        "Yes.",
    ]
    assert {one.remedy for one in findings[:4]} == {"Do this."}


def test_prints_the_worst_result_last() -> None:
    """One line for each, with its remedy, and a summary."""
    assert as_text(WORST_FIRST).splitlines() == [
        "ok    c       Well.",
        "note  b       Look.",
        "warn  longer  Odd. Look.",
        "fail  a       Wrong. Mend it.",
        "",
        "1 failure, 1 warning, 1 ok.",
    ]
    assert as_text([ok("c", "Well.")]).endswith("No problems found in 1 check.")


def test_only_errors_change_the_exit_status() -> None:
    """And the summary for programs."""
    assert not is_well(WORST_FIRST)
    assert is_well(WORST_FIRST[1:])
    report = json.loads(as_json(WORST_FIRST))
    assert report["ok"] is False
    assert report["findings"][-1] == {"level": "fail", "about": "a", "message": "Wrong.", "remedy": "Mend it."}
    assert report["findings"][0]["remedy"] is None


def test_reads_the_valid_part_of_an_environment() -> None:
    """One invalid variable does not hide the database; an invalid secret is not shown."""
    settings, problems = Settings.readable_part(
        {
            "CREWKIT_GIT_ENVIRONMENT": "development",
            "CREWKIT_GIT_DATABASE_URL": "postgresql://u:hunter2@db/crewkit",
            "CREWKIT_GIT_ENCRYPTION_KEYS": "hunter3",
            "CREWKIT_GIT_HTTP_ADDR": "nowhere",
        }
    )
    findings = check_settings(settings, problems)

    assert settings.database_url is not None
    assert settings.encryption_keys == ()
    assert [one.message.partition(":")[0] for one in findings] == [
        "CREWKIT_GIT_HTTP_ADDR",
        "CREWKIT_GIT_ENCRYPTION_KEYS",
    ]
    assert "hunter" not in as_text(findings)


def test_warns_about_unknown_variables() -> None:
    settings, problems = Settings.readable_part({"CREWKIT_GIT_ENVIRONMENT": "development"})
    unknown = Problem("CREWKIT_GIT_LOG_LEVLE", "this setting does not exist", "Remove it")
    well, report = check_settings(settings, problems, [unknown])
    assert (well.level, report.level) == (Level.OK, Level.WARN)
    assert report.message == "CREWKIT_GIT_LOG_LEVLE: this setting does not exist."
    assert report.remedy == "Remove it."


def test_misspelt_environment_is_read_as_production() -> None:
    """All settings of production are required then."""
    settings, problems = Settings.readable_part({"CREWKIT_GIT_ENVIRONMENT": "prod"})
    assert not settings.is_development
    assert problems[0].variable == "CREWKIT_GIT_ENVIRONMENT"
    assert len(problems) > 5
