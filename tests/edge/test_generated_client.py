"""The usual Python generator makes a client of the description, and the client reads errors."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders.tokens import claims, now, rsa_key, sign_token
from tests.support.checks.openapi_file import FILE
from tests.support.scenarios.event_store import open_events
from tests.support.servers.service import Service, run_service

_PACKAGE = "generated_client"
_CALL = f"""
import json, sys
from {_PACKAGE} import AuthenticatedClient
from {_PACKAGE}.api.projects import show_project
base_url, token, organization, project = sys.argv[1:]
client = AuthenticatedClient(base_url=base_url, token=token)
response = show_project.sync_detailed(organization, project, client=client)
print(type(response.parsed).__name__)
print(json.dumps(response.parsed.to_dict()))
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client once; every warning is an error."""
    directory = tmp_path_factory.mktemp("generated")
    # The generator formats what it writes with a `ruff` that it looks for in PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(FILE), "--meta", "none"]
    done = subprocess.run(
        [*command, "--output-path", str(directory / _PACKAGE), "--fail-on-warning"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    return directory


@pytest.fixture
def service(database_url: str, redis_url: str) -> Iterator[Service]:
    """Run the API."""
    with run_service(database_url, redis_url, "api") as service:
        yield service


def test_generated_client_reads_a_problem(generated: Path, service: Service, database_url: str) -> None:
    """A 404 response is an object with status, code and detail, instead of nothing."""
    with open_events(database_url) as event_store:
        event_store.connect_installation()
        organization, user = event_store.person()
    token = sign_token(claims(now(), sub=str(user)), rsa_key())
    done = subprocess.run(
        [*(sys.executable, "-c", _CALL, service.url, token), *(str(organization), str(uuid.uuid4()))],
        cwd=generated,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, problem = done.stdout.splitlines()
    assert name == "ShowProjectResponse404"
    read = json.loads(problem)
    assert (read["status"], read["code"]) == (404, "project_not_found")
    assert read["detail"]
    assert read["request_id"]
