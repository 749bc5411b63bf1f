"""Processes without an HTTP API have a separate address for metrics and health."""

import httpx
import pytest

from entrypoints.process.listeners import require_free_address
from entrypoints.settings.values import Address
from tests.support.servers.service import run_service


@pytest.mark.parametrize("process", ["grpc", "worker", "scheduler"])
def test_serves_metrics_and_health(database_url: str, redis_url: str, process: str) -> None:
    """For Prometheus and an orchestrator."""
    address = require_free_address(Address("127.0.0.1", 0), "the address")
    settings = {"METRICS_ADDR": str(address)}
    with (
        run_service(database_url, redis_url, process, settings=settings) as service,
        httpx.Client(base_url=f"http://{address}") as client,
    ):
        assert "crewkit_git_deliveries_received_total" in client.get("/metrics").raise_for_status().text
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}
        assert client.get("/api/v1/user").status_code == 404
        service.ask_to_stop(process)
        service.stop()
        with pytest.raises(httpx.ConnectError):
            client.get("/healthz")


def test_reports_a_missing_database(redis_url: str) -> None:
    """The process is live but not ready."""
    address = require_free_address(Address("127.0.0.1", 0), "the address")
    nowhere = "postgresql://127.0.0.1:9/none"
    with (
        run_service(nowhere, redis_url, "worker", settings={"METRICS_ADDR": str(address)}),
        httpx.Client(base_url=f"http://{address}") as client,
    ):
        assert client.get("/healthz").is_success
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
