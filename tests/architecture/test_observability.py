"""Dashboards and alerts use existing metrics, and alerts link to existing sections of the runbook."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.observability.metrics import PrometheusMetrics
from entrypoints.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
OBSERVE = ROOT / "deploy" / "observe"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
_SERIES = ("", "_total", "_bucket", "_sum", "_count")
METRICS = PrometheusMetrics()
KNOWN = {
    f"{family.name}{suffix}"
    for registry in (METRICS._registry, METRICS._process)
    for family in registry.collect()
    for suffix in _SERIES
}
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((OBSERVE / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
# Sections of the runbook for which Prometheus has no alert.
OTHER_CHAPTERS = {"alerts-in-the-log-and-in-sentry", "a-push-did-not-reach-a-project", "a-user-cannot-connect-github"}
PANELS: list[dict[str, Any]] = json.loads((OBSERVE / "grafana.json").read_text())["panels"]


def chapters() -> set[str]:
    """Return the anchors of the runbook's headings, as they are made of them."""
    titles = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    return {_anchor(title) for title in titles}


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def alert_codes() -> Iterator[str]:
    """Yield the code of each `alert(...)` call in the sources."""
    for source in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="alert"), args=[ast.Constant(value=str(code)), *_]):
                    yield code


def metrics_in(expression: str) -> set[str]:
    """Return the metrics that an expression uses."""
    return set(re.findall(r"\b(?:crewkit_git|process)_\w+", expression))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_alerts_use_existing_metrics_and_link_the_runbook(alert: dict[str, Any]) -> None:
    """The chapter of the runbook exists, too."""
    assert metrics_in(alert["expr"])
    assert metrics_in(alert["expr"]) <= KNOWN
    page, _, chapter = alert["annotations"]["runbook"].partition("#")
    assert (page, chapter in chapters()) == ("docs/runbook.md", True)
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    assert "First step: " in alert["annotations"]["description"]


def test_an_alert_on_an_absent_metric_also_compares_its_time() -> None:
    """Every process has all metrics without labels, so such a metric is absent only if all processes are."""
    absent = {name: alert["expr"] for alert in ALERTS for name in re.findall(r"absent\((\w+)\)", alert["expr"])}
    assert absent
    for name, expression in absent.items():
        assert f"time() - max({name}) >" in expression


def test_chapters_name_their_alerts() -> None:
    """An engineer who has only the name of an alert finds its chapter by a search."""
    for alert in ALERTS:
        anchor = alert["annotations"]["runbook"].partition("#")[2]
        section = next(text for text in RUNBOOK.split("\n## ") if _anchor(text.partition("\n")[0]) == anchor)
        assert f"`{alert['alert']}`" in section.partition("**Meaning.**")[0]


def test_every_chapter_belongs_to_an_alert() -> None:
    """A removed alert takes its chapter with it."""
    of_alerts = {alert["annotations"]["runbook"].partition("#")[2] for alert in ALERTS}
    assert chapters() == of_alerts | OTHER_CHAPTERS


def test_runbook_explains_every_alert_code() -> None:
    """A code that the service raises itself has a row in the table."""
    section = RUNBOOK.partition("## Alerts in the log and in Sentry")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(alert_codes())


def test_dashboard_shows_exactly_the_existing_metrics() -> None:
    shown = set().union(*(metrics_in(target["expr"]) for panel in PANELS for target in panel["targets"]))
    assert shown <= KNOWN
    families = {family.name for family in PrometheusMetrics()._registry.collect()}
    assert {name for name in families if not any(one.startswith(name) for one in shown)} == set()


def test_runbook_names_existing_doctor_checks() -> None:
    """The runbook says which line of `crewkit-git doctor` to read."""
    sentences = re.findall(r"crewkit-git doctor`,?\s+(?:and\s+read|line)\s+([^.:]+)", RUNBOOK)
    named_checks = {name for sentence in sentences for name in re.findall(r"`([a-z ]+)`", sentence)}
    constants = {
        node.value
        for folder in ("doctor", "doctor/checks")
        for source in (ROOT / "src" / "entrypoints" / folder).glob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert len(named_checks) >= 8
    assert named_checks - constants == set()


def test_commands_in_the_runbook_exist() -> None:
    assert set(re.findall(r"(?<!-n )crewkit-git ([a-z-]+)", RUNBOOK)) <= set(COMMANDS)
