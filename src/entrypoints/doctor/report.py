import json
from collections.abc import Sequence

from entrypoints.doctor.findings import Finding, Level
from entrypoints.doctor.wording import counted

_WIDTH_OF_LEVELS = max(len(level.value) for level in Level)


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing has to be done at once."""
    return all(finding.level is not Level.FAIL for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """Return a line for each finding, the worst last, where the reader's eye is, and a sum."""
    width = max((len(finding.about) for finding in findings), default=0)
    grouped = [finding for level in Level for finding in findings if finding.level is level]
    lines = [_line(finding, width) for finding in grouped]
    return "\n".join([*lines, "", _sum(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """Return the same for programs."""
    listed = [
        {"level": one.level.value, "about": one.about, "message": one.message, "remedy": one.remedy or None}
        for level in Level
        for one in findings
        if one.level is level
    ]
    return json.dumps({"ok": is_well(findings), "findings": listed}, indent=2, ensure_ascii=False)


def _line(finding: Finding, width: int) -> str:
    said = " ".join(part for part in (finding.message, finding.remedy) if part)
    return f"{finding.level.value:<{_WIDTH_OF_LEVELS}}  {finding.about:<{width}}  {said}"


def _sum(findings: Sequence[Finding]) -> str:
    count = {level: sum(one.level is level for one in findings) for level in Level}
    if not count[Level.FAIL] and not count[Level.WARN]:
        return f"All is well: {counted(count[Level.OK], 'check')}."
    return f"{count[Level.FAIL]} wrong, {count[Level.WARN]} to look after, {count[Level.OK]} well."
