"""Start everything in order, keep it running, and stop it."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from entrypoints.bootstrap.migrations import migrate
from entrypoints.development.running_demo import demo_file
from entrypoints.process.listeners import CannotStart, require_free_address
from entrypoints.process.private_files import write_private
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from entrypoints.settings.sources import is_given
from entrypoints.settings.values import Address
from local.demo import seed
from local.embedded.home import Home, claim_home
from local.embedded.postgres import create_database, postgres_program, postgres_url
from local.embedded.redis import redis_program, redis_url
from local.keys import development_environment
from local.services import sandbox, services
from local.supervisor import Supervisor
from local.terminal import Terminal
from sandbox.state.sandbox_app import app_environment, load_app, sandbox_directory


def run_stack(given: Mapping[str, str]) -> None:
    """Run everything until a signal requests a stop.

    Raises `SettingsRefused` or `CannotStart`, whose messages say what to do. Nothing runs afterwards.
    """
    if (given.get(f"{PREFIX}ENVIRONMENT") or "development") != "development":
        raise CannotStart(
            f"`make run` is for development only, because it creates demo data and keys, but {PREFIX}ENVIRONMENT "
            "is not development. Unset it, or start api, grpc, worker and scheduler separately."
        )
    environment = {**given, f"{PREFIX}ENVIRONMENT": "development"}
    terminal = Terminal()
    settings = Settings.from_environment(environment)
    with claim_home(settings.home) as home:
        demo_file(home.path).unlink(missing_ok=True)
        with Supervisor(terminal).supervise() as supervisor:
            _run(terminal, supervisor, home, environment)
        terminal.step("stopped")


def _run(terminal: Terminal, supervisor: Supervisor, home: Home, given: Mapping[str, str]) -> None:
    settings = Settings.from_environment(given)
    address = require_free_address(settings.http_addr, f"{PREFIX}HTTP_ADDR")
    grpc_address = require_free_address(settings.grpc_addr, f"{PREFIX}GRPC_ADDR")
    # Without a GitHub App, the service uses the sandbox GitHub.
    uses_sandbox = not is_given(given, "GITHUB_CLIENT_ID")
    sandbox_address = require_free_address(settings.sandbox_addr, f"{PREFIX}SANDBOX_ADDR") if uses_sandbox else None
    environment = {
        **given,
        f"{PREFIX}HOME": str(home.path),
        f"{PREFIX}HTTP_ADDR": str(address),
        f"{PREFIX}GRPC_ADDR": str(grpc_address),
        **_start_servers(terminal, supervisor, home, given),
        "PROMETHEUS_MULTIPROC_DIR": str(_empty_directory(home.path / "metrics")),
        **development_environment(home.path, given),
    }
    if sandbox_address:
        environment |= _sandbox_environment(home, sandbox_address)
    settings = Settings.from_environment(environment)
    assert settings.database_url is not None  # given, or of the server that was started
    assert settings.redis_url is not None
    terminal.step("migrating the database")
    migrate(settings.database_url.reveal())
    terminal.step("writing demo data")
    facts = asdict(seed(settings, connected=uses_sandbox))
    supervisor.raise_if_stopping()
    workers = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    terminal.step(f"starting the API, gRPC, {workers} and the scheduler")
    client_address, grpc_client_address = address.for_clients, grpc_address.for_clients
    programs = services(home, environment, client_address, grpc_client_address, settings.workers)
    if sandbox_address:
        programs.append(sandbox(home, environment, sandbox_address.for_clients))
    supervisor.start(*programs, echoed=True)
    demo = {
        "http_url": f"http://{client_address}",
        "grpc_target": str(grpc_client_address),
        "sandbox_url": settings.github_url if sandbox_address else None,
        "database_url": settings.database_url.reveal(),
        "redis_url": settings.redis_url.reveal(),
        "webhook_secret": settings.github_webhook_secrets[0].reveal(),
        **facts,
    }
    demo["environment"] = _command_environment(demo, client_address, given, environment)
    with _publish(demo_file(home.path), demo):
        terminal.step(f"ready\n\n{_list_addresses(demo, home)}\n")
        supervisor.watch()
        terminal.step("stopping")


def _command_environment(
    demo: Mapping[str, object], address: Address, given: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, object]:
    """Return the settings for commands. Of the given secrets, only the first webhook secret is included."""
    created = {
        name: text for name, text in environment.items() if name.startswith(PREFIX) and not given.get(name, "").strip()
    }
    return {
        **created,
        f"{PREFIX}ENVIRONMENT": "development",
        f"{PREFIX}HTTP_ADDR": str(address),
        f"{PREFIX}DATABASE_URL": demo["database_url"],
        f"{PREFIX}REDIS_URL": demo["redis_url"],
        f"{PREFIX}GITHUB_WEBHOOK_SECRETS": demo["webhook_secret"],
    }


@contextmanager
def _publish(path: Path, demo: Mapping[str, object]) -> Iterator[None]:
    """Keep the demo's addresses, secrets and users in the file until the block ends."""
    write_private(path, json.dumps(demo, indent=2, default=str).encode() + b"\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _sandbox_environment(home: Home, address: Address) -> dict[str, str]:
    """Return the settings of the sandbox and of the service's App there. The webhook secret is the service's."""
    app = load_app(sandbox_directory(home.path))
    variables = app_environment(app, sandbox_url=f"http://{address.for_clients}")
    del variables[f"{PREFIX}GITHUB_WEBHOOK_SECRETS"]
    return {f"{PREFIX}SANDBOX_ADDR": str(address), **variables}


def _start_servers(terminal: Terminal, supervisor: Supervisor, home: Home, given: Mapping[str, str]) -> dict[str, str]:
    """Start the servers that are not given, and return their URLs."""
    programs = []
    urls = {}
    if not is_given(given, "DATABASE_URL"):
        programs.append(postgres_program(home))
        urls[f"{PREFIX}DATABASE_URL"] = postgres_url(home)
    if not is_given(given, "REDIS_URL"):
        programs.append(redis_program(home))
        urls[f"{PREFIX}REDIS_URL"] = redis_url(home)
    if programs:
        terminal.step(f"starting {' and '.join(program.name for program in programs)}")
        supervisor.start(*programs)
    if f"{PREFIX}DATABASE_URL" in urls:
        create_database(home)
    return urls


def _empty_directory(metrics: Path) -> Path:
    """Return the directory in which the processes share their metrics, without those of an earlier run."""
    try:
        if metrics.exists():
            shutil.rmtree(metrics)
        metrics.mkdir(mode=0o700)
    except OSError as error:
        raise CannotStart(
            f"The directory {metrics} cannot be emptied ({error.strerror}). It may belong to another user "
            f"who started `make run` before. Remove it as that user, or set {PREFIX}HOME to another directory."
        ) from error
    return metrics


def _list_addresses(demo: Mapping[str, object], home: Home) -> str:
    """Return the addresses and paths as text. URLs from settings may contain passwords and are omitted."""
    places = {
        "API": demo["http_url"],
        "gRPC": demo["grpc_target"],
        **({"sandbox": f"{demo['sandbox_url']} (simulates GitHub on this machine)"} if demo["sandbox_url"] else {}),
        "demo file": f"{_relative(demo_file(home.path))} (addresses, secrets, users)",
        "logs": _relative(home.logs),
        "data": _relative(home.path),
    }
    lines = [f"  {name:<11} {place}" for name, place in places.items()]
    return "\n".join([*lines, "", "  Press Ctrl-C to stop everything. The data is kept."])


def _relative(path: Path) -> str:
    """Return a path relative to the working directory if it is below it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
