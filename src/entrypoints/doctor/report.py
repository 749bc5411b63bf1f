import json
from collections.abc import Sequence

from entrypoints.doctor.findings import Finding, Level, format_count

_WIDTH_OF_LEVELS = max(len(level.value) for level in Level)


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether no finding is a failure."""
    return all(finding.level is not Level.FAIL for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line per finding and a summary. The most serious findings are last, next to the prompt."""
    width = max((len(finding.about) for finding in findings), default=0)
    grouped = [finding for level in Level for finding in findings if finding.level is level]
    lines = [_line(finding, width) for finding in grouped]
    return "\n".join([*lines, "", _sum(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as JSON."""
    listed = [
        {"level": level.value, "about": finding.about, "message": finding.message, "remedy": finding.remedy or None}
        for level in Level
        for finding in findings
        if finding.level is level
    ]
    return json.dumps({"ok": is_well(findings), "findings": listed}, indent=2, ensure_ascii=False)


def _line(finding: Finding, width: int) -> str:
    text = " ".join(part for part in (finding.message, finding.remedy) if part)
    return f"{finding.level.value:<{_WIDTH_OF_LEVELS}}  {finding.about:<{width}}  {text}"


def _sum(findings: Sequence[Finding]) -> str:
    count = {level: sum(finding.level is level for finding in findings) for level in Level}
    if not count[Level.FAIL] and not count[Level.WARN]:
        return f"No problems found in {format_count(count[Level.OK], 'check')}."
    failures, warnings = format_count(count[Level.FAIL], "failure"), format_count(count[Level.WARN], "warning")
    return f"{failures}, {warnings}, {count[Level.OK]} ok."
