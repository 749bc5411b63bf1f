"""The containers of compose.yaml with a second API, for a rehearsal on Linux."""

import base64
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.builders.deliveries import ROOT
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, rsa_key

# The APIs have fixed addresses in the network of the containers, which the host reaches on Linux. Docker
# accepts connections to a published port even if no process listens in the container, so a load balancer
# cannot send the request to the other API.
_SUBNET = "172.31.250.0/24"
API_ADDRESSES = {"api": "172.31.250.11", "second-api": "172.31.250.12"}
API_PORT, GRPC_PORT, POSTGRES_PORT = 13050, 15051, 15432
_COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))
_HEALTHY_WITHIN_SECONDS = 120


@dataclass
class Stack:
    """Containers in a compose project with its own data."""

    directory: Path
    secret: str
    """The password of PostgreSQL and the webhook secret."""

    _log_followers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """Return the URL of the service's database."""
        return f"postgresql://crewkit:{self.secret}@127.0.0.1:{POSTGRES_PORT}/crewkit"

    def compose(self, image: str, *arguments: str) -> str:
        """Run a compose command with this image of the service and return its output."""
        environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.directory.name,
            "CREWKIT_GIT_IMAGE": image,
            "CREWKIT_GIT_PORT": f"127.0.0.1:{API_PORT}",
            "CREWKIT_GIT_GRPC_PORT": f"127.0.0.1:{GRPC_PORT}",
        }
        return _run(*_COMPOSE, *arguments, cwd=self.directory, env=environment)

    def up(self, image: str, *arguments: str) -> None:
        """Start or replace containers, wait until they are healthy, and follow their logs."""
        self.compose(image, "up", "--detach", *arguments)
        containers = self.compose(image, "ps", "--quiet").split()
        self._follow_logs(containers)
        deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
        while not all(_is_healthy(container) for container in containers):
            if time.monotonic() > deadline:
                sys.exit(f"The containers are not healthy.\n{self.logs()}")
            time.sleep(0.5)

    def down(self, image: str) -> None:
        """Remove the containers and their data."""
        self.compose(image, "down", "--volumes", "--timeout", "20")
        for follower in self._log_followers.values():
            follower.wait()

    def logs(self) -> str:
        """Return all log lines, also those of containers that were replaced."""
        return "".join(path.read_text() for path in sorted(self.directory.glob("*.log")))

    def _follow_logs(self, containers: list[str]) -> None:
        for container in containers:
            if container not in self._log_followers:
                with (self.directory / f"{container}.log").open("wb") as file:
                    self._log_followers[container] = subprocess.Popen(
                        ("docker", "logs", "--follow", container), stdout=file, stderr=subprocess.STDOUT
                    )


@contextmanager
def run_stack(image: str) -> Iterator[Stack]:
    """Start the containers with this image, and remove them and their data at the end."""
    with tempfile.TemporaryDirectory(prefix="crewkit-git-upgrade-") as name:
        stack = Stack(Path(name), secrets.token_hex(32))
        _write_compose_file(stack.directory)
        _write_settings(stack)
        try:
            stack.up(image)
            yield stack
        finally:
            stack.down(image)


def _write_compose_file(directory: Path) -> None:
    project = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = {name: service for name, service in project["services"].items() if "profiles" not in service}
    services["second-api"] = {**services["api"], "ports": []}
    for name, address in API_ADDRESSES.items():
        services[name] = {**services[name], "networks": {"default": {"ipv4_address": address}}}
    services["postgres"]["ports"] = [f"127.0.0.1:{POSTGRES_PORT}:5432"]
    for service in services.values():
        service.pop("build", None)
    project["services"] = services
    project["networks"] = {"default": {"ipam": {"config": [{"subnet": _SUBNET}]}}}
    (directory / "compose.yaml").write_text(yaml.safe_dump(project))


def _write_settings(stack: Stack) -> None:
    key = rsa_key()
    public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings = {
        "POSTGRES_PASSWORD": stack.secret,
        "CREWKIT_GIT_PUBLIC_URL": "http://127.0.0.1:3050",
        "CREWKIT_GIT_DASHBOARD_URL": "http://127.0.0.1:3050",
        "CREWKIT_GIT_AUTH_PUBLIC_KEY": _one_line(public_key),
        "CREWKIT_GIT_AUTH_ISSUER": ISSUER,
        "CREWKIT_GIT_AUTH_AUDIENCE": AUDIENCE,
        "CREWKIT_GIT_ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "CREWKIT_GIT_GITHUB_CLIENT_ID": "Iv23rehearsal",
        "CREWKIT_GIT_GITHUB_CLIENT_SECRET": secrets.token_hex(20),
        "CREWKIT_GIT_GITHUB_PRIVATE_KEY": _one_line(private_pem(key)),
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": stack.secret,
    }
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    (stack.directory / ".env").write_text(text)


def _one_line(pem: bytes) -> str:
    return pem.decode().replace("\n", "\\n")


def _is_healthy(container: str) -> bool:
    state = json.loads(_run("docker", "inspect", "--format", "{{json .State}}", container))
    if state["Status"] == "exited":
        return bool(state["ExitCode"] == 0)
    return bool(state["Health"]["Status"] == "healthy")


def _run(*command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    result = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=env)
    if result.returncode:
        sys.exit(f"{shlex.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout
