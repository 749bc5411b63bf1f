"""The tables of metrics and of alert rules."""

from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from adapters.observability.metrics import PrometheusMetrics
from tests.support.reference.tables import code, table

RULES = Path(__file__).parents[3] / "deploy" / "observe" / "alerts.yml"


def metrics() -> str:
    """Return the table of the service's metrics, with their types and labels."""
    registry: CollectorRegistry = PrometheusMetrics()._registry
    rows = []
    for collector in registry._collector_to_names:
        assert isinstance(collector, MetricWrapperBase)
        kind = collector._type or ""
        suffix = "_total" if kind == "counter" else ""
        rows.append(
            (
                code(collector._name + suffix),
                kind,
                ", ".join(code(label) for label in collector._labelnames),
                collector._documentation,
            )
        )
    return table(("Metric", "Type", "Labels", "Description"), sorted(rows))


def process_metrics() -> str:
    """Return the table of the metrics that each process has about itself."""
    families = sorted(PrometheusMetrics()._process.collect(), key=lambda family: family.name)
    rows = (
        (code(family.name + ("_total" if family.type == "counter" else "")), family.type, family.documentation)
        for family in families
    )
    return table(("Metric", "Type", "Description"), rows)


def alert_rules() -> str:
    """Return the table of Prometheus alert rules, with links into the runbook."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rows = (
        (
            code(rule["alert"]),
            rule["labels"]["severity"],
            rule["for"],
            rule["annotations"]["summary"],
            f"[runbook](../{rule['annotations']['runbook'].removeprefix('docs/')})",
        )
        for group in groups
        for rule in group["rules"]
    )
    return table(("Alert", "Severity", "After", "Summary", "What to do"), rows)
