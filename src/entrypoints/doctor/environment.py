from collections.abc import Callable, Iterable, Mapping, Sequence

from entrypoints.doctor.findings import Finding, Level, fail, ok, warn
from entrypoints.setting_table import SETTINGS
from entrypoints.settings import Problem, Settings, SettingsRefused

_ABOUT = "settings"


def readable(environment: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """Return what can be read of an environment, and what is wrong with the rest."""
    try:
        return Settings.from_environment(environment), ()
    except SettingsRefused as refusal:
        wrong = {problem.variable for problem in refusal.problems}
        rest = {name: text for name, text in environment.items() if name not in wrong}
        return Settings.from_environment(rest, process="doctor"), refusal.problems


def judge_settings(
    settings: Settings, problems: Sequence[Problem], strays: Sequence[Problem] = ()
) -> list[Finding]:
    """Tell every problem, each with its remedy, and what is no setting at all."""
    well = ok(_ABOUT, f"All {len(SETTINGS)} can be read, for {settings.environment.value}.")
    return [
        *([_told(fail, problem) for problem in problems] or [well]),
        *(_told(warn, stray) for stray in strays),
    ]


def _told(judge: Callable[[str, str, str], Finding], problem: Problem) -> Finding:
    return judge(_ABOUT, f"{problem.variable}: {problem.problem}.", f"{problem.remedy}.")


def has_unreadable_settings(findings: Iterable[Finding]) -> bool:
    """Return whether a setting is missing or wrong."""
    return any(finding.about == _ABOUT and finding.level is Level.FAIL for finding in findings)
