from collections.abc import Callable, Iterable, Sequence

from entrypoints.doctor.findings import Finding, Level, fail, ok, warn
from entrypoints.settings.problem import Problem
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import SETTINGS

_ABOUT = "settings"


def judge_settings(settings: Settings, problems: Sequence[Problem], strays: Sequence[Problem] = ()) -> list[Finding]:
    """Report each problem with its remedy, and each variable that looks like a setting but is not."""
    valid = ok(_ABOUT, f"All {len(SETTINGS)} settings are valid. The environment is {settings.environment.value}.")
    return [
        *([_to_finding(fail, problem) for problem in problems] or [valid]),
        *(_to_finding(warn, stray) for stray in strays),
    ]


def _to_finding(judge: Callable[[str, str, str], Finding], problem: Problem) -> Finding:
    return judge(_ABOUT, f"{problem.variable}: {problem.problem}.", f"{problem.remedy}.")


def has_unreadable_settings(findings: Iterable[Finding]) -> bool:
    """Return whether a setting is missing or wrong."""
    return any(finding.about == _ABOUT and finding.level is Level.FAIL for finding in findings)
