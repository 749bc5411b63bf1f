"""Start everything in order, keep it running, and stop it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from entrypoints.bootstrap.demo import seed
from entrypoints.bootstrap.migrations import migrate
from entrypoints.local.embedded.errors import CannotStart
from entrypoints.local.embedded.home import Home, claim_home
from entrypoints.local.embedded.postgres import create_database, postgres_program, postgres_url
from entrypoints.local.embedded.redis import redis_program, redis_url
from entrypoints.local.sandbox_app import app_environment, load_app, sandbox_directory
from entrypoints.local.up.demo_file import demo_file, published
from entrypoints.local.up.keys import development_environment
from entrypoints.local.up.ports import reachable
from entrypoints.local.up.services import sandbox, services
from entrypoints.local.up.supervisor import Supervisor
from entrypoints.local.up.terminal import Terminal
from entrypoints.process.listen import claimable
from entrypoints.settings.settings import Settings
from entrypoints.settings.sources import is_given
from entrypoints.settings.table import PREFIX
from entrypoints.settings.values import Address


def run_stack(given: Mapping[str, str]) -> None:
    """Run the whole service until a signal asks it to stop.

    Raises `SettingsRefused` or `CannotStart`, whose messages say what to do; nothing runs afterwards.
    """
    if (given.get(f"{PREFIX}ENVIRONMENT") or "development") != "development":
        raise CannotStart(
            f"`up` is for development only, because it creates demo data and keys, but {PREFIX}ENVIRONMENT "
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
    wished = Settings.from_environment(given)
    address = claimable(wished.http_addr, f"{PREFIX}HTTP_ADDR")
    grpc_address = claimable(wished.grpc_addr, f"{PREFIX}GRPC_ADDR")
    # Without a GitHub App, the service uses the sandbox GitHub.
    pretends = not is_given(given, "GITHUB_CLIENT_ID")
    if pretends:
        _require_sandbox()
    sandbox_address = claimable(wished.sandbox_addr, f"{PREFIX}SANDBOX_ADDR") if pretends else None
    environment = {
        **given,
        f"{PREFIX}HOME": str(home.path),
        f"{PREFIX}HTTP_ADDR": str(address),
        f"{PREFIX}GRPC_ADDR": str(grpc_address),
        **_servers(terminal, supervisor, home, given),
        "PROMETHEUS_MULTIPROC_DIR": str(_emptied(home.path / "metrics")),
        **development_environment(home.path, given),
    }
    if sandbox_address:
        environment |= _app_of_sandbox(home, sandbox_address)
    settings = Settings.from_environment(environment)
    assert settings.database_url is not None  # given, or of the server that was started
    assert settings.redis_url is not None
    database_url = settings.database_url.reveal()
    terminal.step("migrating the database")
    migrate(database_url)
    terminal.step("writing demo data")
    facts = asdict(seed(settings, connected=pretends))
    supervisor.raise_if_stopping()
    workers = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    terminal.step(f"starting the API, gRPC, {workers} and the scheduler")
    client_address = reachable(address)
    grpc_client_address = reachable(grpc_address)
    programs = services(home, environment, client_address, grpc_client_address, settings.workers)
    if sandbox_address:
        programs.append(sandbox(home, environment, reachable(sandbox_address)))
    supervisor.start(*programs, echoed=True)
    demo = {
        "http_url": f"http://{client_address}",
        "grpc_target": str(grpc_client_address),
        "sandbox_url": settings.github_url if sandbox_address else None,
        "database_url": database_url,
        "redis_url": settings.redis_url.reveal(),
        "webhook_secret": settings.github_webhook_secrets[0].reveal(),
        **facts,
    }
    with published(demo_file(home.path), demo):
        terminal.step(f"ready\n\n{_places(demo, home)}\n")
        supervisor.watch()
        terminal.step("stopping")


def _require_sandbox() -> None:
    """Raise `CannotStart` if the sandbox GitHub is not there: it is not part of the installed package."""
    if find_spec("sandbox") is None:
        raise CannotStart(
            f"The sandbox GitHub is not installed. Set {PREFIX}GITHUB_CLIENT_ID and the other settings of a "
            "GitHub App, or run `make run` in a checkout of the repository."
        )


def _app_of_sandbox(home: Home, address: Address) -> dict[str, str]:
    """Give the variables of the sandbox and of the App we are there, whose webhook secret is ours."""
    app = load_app(sandbox_directory(home.path))
    variables = app_environment(app, sandbox_url=f"http://{reachable(address)}")
    del variables[f"{PREFIX}GITHUB_WEBHOOK_SECRETS"]
    return {f"{PREFIX}SANDBOX_ADDR": str(address), **variables}


def _servers(terminal: Terminal, supervisor: Supervisor, home: Home, given: Mapping[str, str]) -> dict[str, str]:
    """Start the servers that were not given, and give the addresses of all."""
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


def _emptied(metrics: Path) -> Path:
    """Give the directory through which any process answers for the figures of all; they begin anew."""
    try:
        if metrics.exists():
            shutil.rmtree(metrics)
        metrics.mkdir(mode=0o700)
    except OSError as error:
        raise CannotStart(
            f"The directory {metrics} cannot be emptied ({error.strerror}). It may belong to another user "
            f"who started `up` before. Remove it as that user, or set {PREFIX}HOME to another directory."
        ) from error
    return metrics


def _places(demo: Mapping[str, object], home: Home) -> str:
    """Return the addresses and paths as text; URLs from settings may contain passwords and are left out."""
    places = {
        "API": demo["http_url"],
        "gRPC": demo["grpc_target"],
        **({"sandbox": f"{demo['sandbox_url']} (simulates GitHub on this machine)"} if demo["sandbox_url"] else {}),
        "demo file": f"{_shown(demo_file(home.path))} (addresses, secrets, users)",
        "logs": _shown(home.logs),
        "data": _shown(home.path),
    }
    lines = [f"  {name:<11} {place}" for name, place in places.items()]
    return "\n".join([*lines, "", "  Press Ctrl-C to stop everything. The data is kept."])


def _shown(path: Path) -> str:
    """Return a path relative to the working directory if it is below it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
