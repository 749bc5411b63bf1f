"""Dashboards and alerts speak of metrics that there are, and lead to chapters that there are."""

import json
import re
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
    rule
    for group in yaml.safe_load((OBSERVE / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads((OBSERVE / "grafana.json").read_text())["panels"]


def chapters() -> set[str]:
    """Return the anchors of the runbook's headings, as they are made of them."""
    titles = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def named(expression: str) -> set[str]:
    """Return the metrics that an expression speaks of."""
    return set(re.findall(r"\b(?:crewkit_git|process)_\w+", expression))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_is_about_what_there_is_and_says_what_to_do(alert: dict[str, Any]) -> None:
    """Its metrics exist, and its chapter of the runbook."""
    assert named(alert["expr"])
    assert named(alert["expr"]) <= KNOWN
    page, _, chapter = alert["annotations"]["runbook"].partition("#")
    assert (page, chapter in chapters()) == ("docs/runbook.md", True)
    assert alert["labels"]["severity"] in {"page", "ticket"}


def test_every_chapter_is_of_an_alert() -> None:
    """None is forgotten when an alert goes."""
    assert chapters() == {alert["annotations"]["runbook"].partition("#")[2] for alert in ALERTS}


def test_the_dashboard_shows_what_there_is() -> None:
    """All of it, and nothing else."""
    shown = set().union(*(named(target["expr"]) for panel in PANELS for target in panel["targets"]))
    assert shown <= KNOWN
    families = {family.name for family in PrometheusMetrics()._registry.collect()}
    assert {name for name in families if not any(one.startswith(name) for one in shown)} == set()


def test_the_runbooks_commands_exist() -> None:
    """At three in the morning nobody wants to guess."""
    assert set(re.findall(r"crewkit-git ([a-z-]+)", RUNBOOK)) <= set(COMMANDS)
