"""Guide a person through registering the service as a GitHub App."""

import asyncio
import os
import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import click

from core.domain.provider import ProviderUnavailable
from entrypoints.bootstrap.registration import Addresses, RegisteredApp, Registrar, registrar, variables
from entrypoints.embedded.errors import CannotStart
from entrypoints.registration.environment_file import Kept, environment_text, keep
from entrypoints.registration.flow import Registered, RegistrationFailed, RegistrationFlow
from entrypoints.registration.places import PlaceRefused, Places, checked_github, wish
from entrypoints.registration.server import served
from entrypoints.setting_table import PREFIX
from entrypoints.settings import Settings, SettingsRefused
from entrypoints.up.ports import reachable


@dataclass(frozen=True, slots=True)
class Registration:
    """The options of `crewkit-git register-app`."""

    name: str
    organization: str | None
    public_url: str | None
    webhook_url: str | None
    github_url: str
    github_url_variable: str | None
    """The variable that `github_url` was read from; None if it was given or is the default."""
    homepage: str
    is_private: bool
    path: Path
    force: bool
    port: int
    opens_browser: bool
    timeout: timedelta


def register(options: Registration) -> None:
    """Register the app, or end the command with what to change."""
    _check_file(options.path, force=options.force)
    try:
        places = Places(
            checked_github(options.github_url),
            _local_url(),
            options.public_url,
            options.webhook_url,
            options.homepage,
        )
        wished = wish(options.name, places, public=not options.is_private)
    except PlaceRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    variable = options.github_url_variable
    why = f", as {variable} says; --github-url names another." if variable else ""
    click.echo(f"GitHub: {places.github_url}{why}")
    at = registrar(places.github_url, options.organization)
    write = partial(_keep, at.addresses, options.path, options.public_url, force=options.force)
    flow = RegistrationFlow(at, wished, write)
    try:
        with _interruptible(flow), served(flow, options.port) as first_page:
            _greet(at)
            _say_where(first_page, open_it=options.opens_browser)
            if not wished.webhook_active:
                click.echo(_NO_WEBHOOK, err=True)
            registered = _wait(flow, options.timeout)
    except (CannotStart, RegistrationFailed) as failure:
        raise click.ClickException(str(failure)) from failure
    _say_what_next(registered, wished.callback_urls)


def _greet(at: Registrar) -> None:
    try:
        asyncio.run(at.greet())
    except ProviderUnavailable as silent:
        raise RegistrationFailed(
            f"{silent.message} Nothing was registered. See that this machine reaches it "
            f"(curl -i {at.addresses.api}), or name another with --github-url."
        ) from silent


def _wait(flow: RegistrationFlow, timeout: timedelta) -> Registered:
    seconds = timeout.total_seconds()
    registered = flow.wait(seconds)
    if registered is None:
        late = f"Nobody came back from GitHub within {seconds:.0f} seconds"
        why = "Interrupted" if flow.is_interrupted else late
        raise RegistrationFailed(
            f"{why}: nothing was written. If GitHub showed an app as created, delete it there (Settings, "
            "Developer settings, GitHub Apps) before you run this again; if it said that the name is taken, "
            "give another with --name."
        )
    return registered


def _keep(
    addresses: Addresses,
    path: Path,
    public_url: str | None,
    answer: bytes,
    app: RegisteredApp | None,
    *,
    force: bool,
) -> Kept:
    if app is None:
        return keep(answer, path.with_name(f"{path.name}.answer.json"), replace=False)
    named = variables(app, addresses)
    if public_url:
        named[f"{PREFIX}PUBLIC_URL"] = public_url.rstrip("/")
    about = (
        f"The GitHub App {app.name}, {app.html_url}, as GitHub showed it once.\n"
        f"Read it with: set -a; . ./{path.name}; set +a"
    )
    return keep(environment_text(named, about=about).encode(), path, replace=force)


def _say_where(first_page: str, *, open_it: bool) -> None:
    opened = open_it and _has_desktop() and webbrowser.open(first_page)
    click.echo("Your browser shows this page; go on there:" if opened else "Open this page in your browser:")
    click.echo(f"\n  {first_page}\n\nWaiting for you to come back from GitHub. Ctrl-C ends it.")
    sys.stdout.flush()


def _say_what_next(registered: Registered, callback_urls: tuple[str, str]) -> None:
    app, kept = registered.app, registered.kept
    click.echo(f"\nRegistered {app.name}, app {app.id}: {app.html_url}")
    if kept.instead:
        click.echo(f"Its secrets are NOT where you wanted them ({kept.instead}).", err=True)
    click.echo(
        f"Its variables are in {kept.path}, readable by you alone. GitHub shows its secrets only once."
    )
    if app.webhook_secret is None:
        click.echo(
            "GitHub made no webhook secret: make one (openssl rand -hex 32), enter it on the app's page "
            f"under Webhook, and write it into {kept.path} as {PREFIX}GITHUB_WEBHOOK_SECRETS.",
            err=True,
        )
    click.echo(
        "\nCallback URLs cannot be read by GitHub's API. They were registered in this order, the first being "
        f"where installations return to:\n  1. {callback_urls[0]}\n  2. {callback_urls[1]}\n"
        f"\nNext:\n  set -a; . {_for_shell(kept.path)}; set +a\n  crewkit-git doctor"
    )


def _for_shell(path: Path) -> str:
    return str(path) if path.is_absolute() or len(path.parts) > 1 else f"./{path}"


def _check_file(path: Path, *, force: bool) -> None:
    """Find out before anything exists on GitHub that the file will not do."""
    if path.exists() and not force:
        raise click.ClickException(
            f"{path} exists, perhaps with another app's secrets: give another --file, or --force to lose it."
        )
    if not path.parent.is_dir():
        raise click.ClickException(f"{path.parent} is no directory: make it, or give another --file.")


def _local_url() -> str:
    """Return where the service of this machine listens, which browsers here reach."""
    variable = f"{PREFIX}HTTP_ADDR"
    given = {variable: os.environ.get(variable, "")}
    try:
        settings = Settings.from_environment(given, process="register-app")
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    return f"http://{reachable(settings.http_addr)}"


def _has_desktop() -> bool:
    """Tell whether opening a browser would show a window, and not one of text in this terminal."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


@contextmanager
def _interruptible(flow: RegistrationFlow) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the waiting, and the second of them everything."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if flow.is_interrupted:
            raise KeyboardInterrupt
        flow.interrupt()

    former = [(number, signal.signal(number, interrupt)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)


_NO_WEBHOOK = (
    "Without --public-url or --webhook-url GitHub has nowhere to deliver, since it refuses addresses of "
    "this machine: the app's webhook is registered switched off. docs/github-app.md tells how to add a "
    "tunnel."
)
