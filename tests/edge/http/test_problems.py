"""Errors have one format, with an id and without internal details."""

import re

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.scenarios.rest import Edge, bearer

FORM = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check the form and give the body."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem.keys() >= FORM
    assert problem.keys() <= FORM | {"errors"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:problem-type:crewkit:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1", "/api/v1/nothing", "/api/v1/user/", "/api/v1/git/gitlab/webhooks", "/dev/sign-in"]
)
async def test_missing_path_is_not_found(path: str) -> None:
    """A path with an extra slash, too. The demo sign-in exists only if it is wired."""
    async with Edge().client() as client:
        assert_problem(await client.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/user", "/healthz", "/readyz", "/metrics"])
async def test_unsupported_method_lists_the_supported_ones(path: str) -> None:
    async with Edge().client() as client:
        answer = await client.post(path)

    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_outage_has_a_retry_time() -> None:
    """Whole seconds, rounded up: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3."""
    edge = Edge()
    edge.people.is_down = True
    async with edge.client() as client:
        answer = await client.get("/api/v1/user", headers=bearer())

    assert_problem(answer, 503, "storage_unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_unexpected_error_hides_its_details() -> None:
    """The caller gets an id, the log has the stack with the id, and one alert is sent."""
    edge = Edge()
    edge.people.is_broken = True
    async with edge.client() as client:
        with capture_logs() as lines:
            answer = await client.get("/api/v1/user", headers=bearer())

    problem = assert_problem(answer, 500, "internal")
    assert "Zero" not in answer.text
    assert "s3cret" not in answer.text
    message = "ZeroDivisionError in GET show_user. This is a bug. Report the stack trace in the log."
    assert edge.alerts.kept == [("unexpected_error", message)]
    crashed, requested = lines
    assert (crashed["event"], crashed["exc_info"]) == ("unexpected_error", True)
    assert (requested["event"], requested["status"]) == ("request", 500)
    assert problem["detail"] == "An unexpected error occurred. Contact support with the request id."


@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
async def test_keeps_the_request_id_of_the_caller(path: str) -> None:
    """So that the logs of both can be compared."""
    async with Edge().client() as client:
        answer = await client.get(path, headers={"x-request-id": "edge-7f3a.9_B"})

    assert answer.headers["x-request-id"] == "edge-7f3a.9_B"


@pytest.mark.parametrize("odd", ["", "short", "a" * 129, "with space", "new\tline", "<script>xxxx", "-leading-dash"])
async def test_replaces_an_invalid_request_id(odd: str) -> None:
    """It would be written to logs and audit rows."""
    async with Edge().client() as client:
        answer = await client.get("/healthz", headers={"x-request-id": odd})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/v1/user"])
async def test_every_response_has_security_headers(path: str) -> None:
    """Errors included."""
    async with Edge().client() as client:
        answer = await client.get(path)

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_logs_one_line_without_the_query() -> None:
    """Queries contain codes of browser flows."""
    async with Edge().client() as client:
        with capture_logs() as lines:
            await client.get("/api/v1/user?code=s3cret", headers=bearer(exp=1))

    (line,) = lines
    assert (line["event"], line["path"], line["status"]) == ("request", "/api/v1/user", 401)
    assert (line["code"], line["reason"]) == ("token_invalid", "expired")
    assert "s3cret" not in str(line)


async def test_log_line_names_the_caller() -> None:
    """Like audit rows."""
    async with Edge().client() as client:
        with capture_logs() as lines:
            await client.get("/api/v1/user", headers=bearer())

    assert lines[0]["actor"] == "user:7a0c8f2e-6c1d-4d57-9d53-0f6f2b1f8a10"
