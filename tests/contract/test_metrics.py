"""What every `Metrics` promises, and what Prometheus reads."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.observability.metrics import PrometheusMetrics
from core.domain.events.event import EventStatus
from core.domain.integrations.installation_checks import CheckOutcome
from ports.housekeeping import BacklogGauges
from ports.telemetry import Metrics
from testing.memory.metrics import MemoryMetrics


def happen(metrics: Metrics) -> None:
    """Let a little of everything happen."""
    metrics.count_received(1, 0)
    metrics.count_received(1, 1)
    metrics.count_rejected("signature_missing")
    metrics.count_rejected("signature_missing")
    metrics.count_rejected("body_too_large")
    metrics.observe_group_commit(3)
    metrics.count_results(EventStatus.PROCESSED, 40)
    metrics.count_results(EventStatus.FAILED, 1)
    metrics.set_oldest_due(2.5)
    metrics.count_recovered(4)
    metrics.set_recovery_state("github", missing=3, behind=60.5)
    metrics.observe_grpc_call("GetIntegration", "OK", 0.01)
    metrics.observe_http_request("GET", "/api/v1/{org_id}/events", 200, 0.01)
    metrics.observe_http_request("GET", "/api/v1/{org_id}/events", 204, 0.01)
    metrics.observe_http_request("MADE-UP", "unmatched", 405, 0.01)
    metrics.observe_provider_request("github", "rate_limited", 0.2)
    metrics.set_rate_limit_remaining("github", "app", "", 0.75)
    metrics.set_rate_limit_remaining("github", "installation", "117", 0.5)
    metrics.set_circuit_breaker("github", is_open=True)
    metrics.count_token_request("github", "minted")
    metrics.set_backlog(
        BacklogGauges(
            7,
            failed_events=1,
            unrouted_events=2,
            suspended_integrations=3,
            pending_revocations=4,
            oldest_sync_seconds=90.5,
        )
    )
    metrics.count_installation_check("github", CheckOutcome.REVOKED)
    metrics.set_installation_check_delay("github", overdue_seconds=12.5)
    metrics.set_open_streams(5)
    metrics.observe_stream_lag(0.2)


def test_memory_records_each_measurement() -> None:
    """Tests read its fields."""
    metrics = MemoryMetrics()
    happen(metrics)

    assert (metrics.received_deliveries, metrics.duplicates) == (2, 1)
    assert metrics.refusals == {"signature_missing": 2, "body_too_large": 1}
    assert metrics.groups == [3]
    assert metrics.results == {EventStatus.PROCESSED: 40, EventStatus.FAILED: 1}
    assert metrics.oldest_due_seconds == 2.5
    assert metrics.answers == {
        ("GET", "/api/v1/{org_id}/events", 200): 1,
        ("GET", "/api/v1/{org_id}/events", 204): 1,
        ("MADE-UP", "unmatched", 405): 1,
    }
    assert (metrics.asks, metrics.mints) == ({("github", "rate_limited"): 1}, {("github", "minted"): 1})
    assert (metrics.budgets, metrics.breakers) == (
        {("github", "app", ""): 0.75, ("github", "installation", "117"): 0.5},
        {"github": True},
    )
    assert (metrics.last_backlog.pending_events, metrics.open_streams, metrics.lags) == (7, 5, [0.2])
    assert (metrics.recovered_deliveries, metrics.recoveries) == (4, {"github": (3, 60.5)})


EXPECTED = {
    "crewkit_git_deliveries_received_total 2.0",
    "crewkit_git_deliveries_duplicate_total 1.0",
    'crewkit_git_deliveries_refused_total{reason="signature_missing"} 2.0',
    'crewkit_git_deliveries_refused_total{reason="body_too_large"} 1.0',
    'crewkit_git_delivery_group_size_bucket{le="2.0"} 0.0',
    'crewkit_git_delivery_group_size_bucket{le="4.0"} 1.0',
    "crewkit_git_delivery_group_size_sum 3.0",
    'crewkit_git_events_settled_total{status="processed"} 40.0',
    'crewkit_git_events_settled_total{status="failed"} 1.0',
    "crewkit_git_events_oldest_due_seconds 2.5",
    "crewkit_git_deliveries_recovered_total 4.0",
    'crewkit_git_deliveries_missing{provider="github"} 3.0',
    'crewkit_git_recovery_behind_seconds{provider="github"} 60.5',
    'crewkit_git_grpc_call_seconds_count{method="GetIntegration",status="OK"} 1.0',
    'crewkit_git_http_request_seconds_count{method="GET",route="/api/v1/{org_id}/events",status="2xx"} 2.0',
    'crewkit_git_http_request_seconds_count{method="other",route="unmatched",status="4xx"} 1.0',
    'crewkit_git_provider_call_seconds_count{outcome="rate_limited",provider="github"} 1.0',
    'crewkit_git_provider_budget_left_ratio{installation="",kind="app",provider="github"} 0.75',
    'crewkit_git_provider_budget_left_ratio{installation="117",kind="installation",provider="github"} 0.5',
    'crewkit_git_provider_breaker_open{provider="github"} 1.0',
    'crewkit_git_installation_tokens_total{outcome="minted",provider="github"} 1.0',
    "crewkit_git_events_waiting 7.0",
    "crewkit_git_events_failed 1.0",
    "crewkit_git_events_unrouted 2.0",
    "crewkit_git_integrations_suspended 3.0",
    "crewkit_git_revocations_waiting 4.0",
    "crewkit_git_catalog_oldest_sync_seconds 90.5",
    "crewkit_git_streams_open 5.0",
    "crewkit_git_stream_lag_seconds_count 1.0",
}


def test_prometheus_exports_each_measurement() -> None:
    """Names follow https://prometheus.io/docs/practices/naming/."""
    metrics = PrometheusMetrics()
    happen(metrics)

    assert set(metrics.exposition().decode().splitlines()) >= EXPECTED


def test_process_exports_its_resources() -> None:
    """CPU, memory and open files, with the limit."""
    text = PrometheusMetrics().exposition().decode()
    figures = dict(re.findall(r"^(process_\w+) (\S+)$", text, re.MULTILINE))
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes"} <= figures.keys()
    assert 0 < float(figures["process_open_fds"]) < float(figures["process_max_fds"])


def test_only_the_scheduler_exports_the_time_of_its_last_run() -> None:
    """The alert on a silent scheduler compares the latest of these times: all processes have the metric."""
    pattern = re.compile(rb"^crewkit_git_scheduler_last_run_timestamp_seconds (\S+)$", re.MULTILINE)
    metrics = PrometheusMetrics()
    assert pattern.findall(metrics.exposition()) == [b"0.0"]
    before = time.time()
    metrics.set_oldest_due(0.0)
    [ran_at] = pattern.findall(metrics.exposition())
    assert before <= float(ran_at) <= time.time()


def test_two_services_in_one_process_have_separate_metrics() -> None:
    """There is no global registry, so tests do not affect each other."""
    happen(PrometheusMetrics())

    assert b"crewkit_git_deliveries_received_total 0.0" in PrometheusMetrics().exposition()


def test_counts_installations_after_the_first_thousand_together() -> None:
    """Each installation is a time series in every process."""
    metrics = PrometheusMetrics()
    for number in range(1500):
        metrics.set_rate_limit_remaining("github", "installation", str(number), 1.0)
    metrics.set_rate_limit_remaining("github", "installation", "7", 0.25)
    metrics.set_rate_limit_remaining("github", "installation", "1499", 0.5)

    lines = metrics.exposition().decode().splitlines()
    budget_lines = [line for line in lines if line.startswith("crewkit_git_provider_budget_left_ratio{")]
    assert len(budget_lines) == 1001
    series = 'crewkit_git_provider_budget_left_ratio{installation="%s",kind="installation",provider="github"} %s'
    assert {series % ("7", 0.25), series % ("others", 0.5)} <= set(budget_lines)


@pytest.mark.parametrize("metrics", [MemoryMetrics(), PrometheusMetrics()], ids=["memory", "prometheus"])
def test_counting_takes_little_time(metrics: Metrics) -> None:
    """The service counts every delivery. The limit is generous because test machines are slow."""
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(200):
            metrics.count_received(1, 0)
        best = min(best, (time.perf_counter() - started) / 200)

    assert best < 20e-6


PROGRAM = """
import sys
from adapters.observability.metrics import PrometheusMetrics
from ports.housekeeping import BacklogGauges
from core.domain.events.event import EventStatus
metrics = PrometheusMetrics()
if sys.argv[1] == "read":
    print(metrics.exposition().decode())
else:
    metrics.count_received(10, 1)
    metrics.count_results(EventStatus.PROCESSED, 5)
    metrics.set_oldest_due(float(sys.argv[1]))
"""


def test_adds_up_processes_that_share_a_directory(tmp_path: Path) -> None:
    """API, workers and scheduler are separate processes, and each exports the sum."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(argument: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, argument],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2] / "src",
        ).stdout

    before = time.time()
    run("4")
    run("7")
    text = set(run("read").splitlines())

    assert "crewkit_git_deliveries_received_total 20.0" in text
    assert 'crewkit_git_events_settled_total{status="processed"} 10.0' in text
    assert "crewkit_git_events_oldest_due_seconds 7.0" in text
    [ran_at] = [line.split()[1] for line in text if line.startswith("crewkit_git_scheduler_last_run")]
    assert before <= float(ran_at) <= time.time()
    assert sum(line.startswith("process_open_fds ") for line in text) == 1
