"""What an orchestrator asks."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
from structlog.testing import capture_logs

from adapters.observability.metrics import PrometheusMetrics
from entrypoints.rest.app import create_app
from testing.memory.metrics import MemoryMetrics
from tests.support.scenarios.rest import API, Edge, answers


async def refuses() -> None:
    """Be down."""
    raise ConnectionRefusedError("postgresql://u:s3cret@h refused")


async def is_silent() -> None:
    """Take a connection and never answer."""
    await asyncio.Event().wait()


async def test_liveness_does_not_depend_on_other_systems() -> None:
    """A restart would not repair the database."""
    edge = Edge(readiness={"database": refuses, "redis": refuses})
    async with edge.client() as client:
        answer = await client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_is_ready_if_all_dependencies_respond() -> None:
    async with Edge().client() as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}


async def test_names_the_failing_dependency_without_details() -> None:
    """Addresses and error texts are only in the log."""
    edge = Edge(readiness={"database": refuses, "redis": answers})
    async with edge.client() as client:
        with capture_logs() as lines:
            answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["code"] == "not_ready"
    assert answer.json()["errors"] == [{"field": "database", "message": "No response."}]
    assert answer.headers["retry-after"] == "1"
    assert "s3cret" not in answer.text
    assert lines[0]["dependency"] == "database"


async def test_waits_one_second_for_all_dependencies() -> None:
    """Two silent dependencies do not take two seconds, or an orchestrator would restart the process."""
    edge = Edge(readiness={"database": is_silent, "redis": is_silent})
    async with edge.client() as client:
        async with asyncio.timeout(1.9):
            answer = await client.get("/readyz")

    assert [error["field"] for error in answer.json()["errors"]] == ["database", "redis"]
    assert answer.json()["errors"][0]["message"] == "No response within 1 s."


async def test_serves_metrics_in_prometheus_format() -> None:
    """https://prometheus.io/docs/instrumenting/exposition_formats/."""
    async with Edge().client() as client:
        answer = await client.get("/metrics")

    assert answer.text == "figures 1\n"
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"


async def test_has_no_series_for_times_of_creation() -> None:
    """prometheus_client adds a `_created` series to each counter and histogram by default."""
    metrics = PrometheusMetrics()
    application, parts = Edge().parts()
    app = create_app(application, replace(parts, metrics=metrics, exposition=metrics.exposition))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=API) as client:
        await client.get("/healthz")
        answer = await client.get("/metrics")

    assert "crewkit_git_http_request_seconds_count" in answer.text
    assert "crewkit_git_deliveries_received_total" in answer.text
    assert "_created" not in answer.text


async def test_does_not_log_successful_probes() -> None:
    """They arrive every few seconds."""
    async with Edge().client() as client:
        with capture_logs() as lines:
            await client.get("/healthz")

    assert {line["log_level"] for line in lines} == {"debug"}


async def test_labels_durations_by_route() -> None:
    """Not by path, since callers could create any number of time series."""
    edge = Edge()
    organization = uuid4()
    application, parts = edge.parts()
    metrics = MemoryMetrics()
    app = create_app(application, replace(parts, metrics=metrics))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=API) as client:
        await client.get("/healthz")
        await client.get(f"/api/v1/{organization}/git-integrations/github/repos/815")
        await client.put(f"/api/v1/{organization}/git-integrations")
        await client.get("/made/up")
    assert {(method, route) for method, route, _ in metrics.answers} == {
        ("GET", "/healthz"),
        ("GET", "/api/v1/{org_id}/git-integrations/{provider}/repos/{repo_id}"),
        ("PUT", "/api/v1/{org_id}/git-integrations"),
        ("GET", "unmatched"),
    }
