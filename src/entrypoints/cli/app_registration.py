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

from core.domain.provider_errors import ProviderUnavailable
from entrypoints.bootstrap.github import GitHubUrls, RegisteredApp, Registrar, registrar, variables
from entrypoints.process.listeners import CannotStart
from entrypoints.process.private_files import StoredFile, environment_text, keep
from entrypoints.registration.flow import Registered, RegistrationFailed, RegistrationFlow
from entrypoints.registration.locations import InvalidOption, RegistrationUrls, create_request, parse_github_url
from entrypoints.registration.server import serve_pages
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings, SettingsRefused


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
        places = RegistrationUrls(
            parse_github_url(options.github_url),
            _local_url(),
            options.public_url,
            options.webhook_url,
            options.homepage,
        )
        arguments = create_request(options.name, places, public=not options.is_private)
    except InvalidOption as refusal:
        raise click.ClickException(str(refusal)) from refusal
    variable = options.github_url_variable
    why = f" (from {variable}; use --github-url for another GitHub)" if variable else ""
    click.echo(f"GitHub: {places.github_url}{why}")
    at = registrar(places.github_url, options.organization)
    write = partial(_keep, at.addresses, options.path, options.public_url, force=options.force)
    flow = RegistrationFlow(at, arguments, write)
    try:
        with _interruptible(flow), serve_pages(flow, options.port) as first_page:
            _greet(at)
            _say_where(first_page, open_it=options.opens_browser)
            if not arguments.webhook_active:
                click.echo(_NO_WEBHOOK, err=True)
            registered = _wait(flow, options.timeout)
    except (CannotStart, RegistrationFailed) as failure:
        raise click.ClickException(str(failure)) from failure
    _say_what_next(registered, arguments.callback_urls)


def _greet(at: Registrar) -> None:
    try:
        asyncio.run(at.check_reachable())
    except ProviderUnavailable as silent:
        raise RegistrationFailed(
            f"{silent.message} No app was registered. Check that this machine can reach GitHub "
            f"(curl -i {at.addresses.api}), or set another GitHub with --github-url."
        ) from silent


def _wait(flow: RegistrationFlow, timeout: timedelta) -> Registered:
    seconds = timeout.total_seconds()
    registered = flow.wait(seconds)
    if registered is None:
        late = f"Your browser did not return from GitHub within {seconds:.0f} seconds"
        why = "The registration was interrupted" if flow.is_interrupted else late
        raise RegistrationFailed(
            f"{why}. No file was written. If GitHub created the app, delete it there (Settings > Developer "
            "settings > GitHub Apps) before you run this command again. If the name was taken, choose "
            "another with --name."
        )
    return registered


def _keep(
    addresses: GitHubUrls, path: Path, public_url: str | None, answer: bytes, app: RegisteredApp | None, *, force: bool
) -> StoredFile:
    if app is None:
        return keep(answer, path.with_name(f"{path.name}.answer.json"), replace=False)
    named = variables(app, addresses)
    if public_url:
        named[f"{PREFIX}PUBLIC_URL"] = public_url.rstrip("/")
    about = (
        f"The GitHub App {app.name}: {app.html_url}. GitHub shows these secrets only once.\n"
        f"Load this file with: set -a; . ./{path.name}; set +a"
    )
    return keep(environment_text(named, about=about).encode(), path, replace=force)


def _say_where(first_page: str, *, open_it: bool) -> None:
    opened = open_it and _has_desktop() and webbrowser.open(first_page)
    click.echo("Continue on this page in your browser:" if opened else "Open this page in your browser:")
    click.echo(f"\n  {first_page}\n\nWaiting for your browser to return from GitHub. Press Ctrl-C to cancel.")
    sys.stdout.flush()


def _say_what_next(registered: Registered, callback_urls: tuple[str, str]) -> None:
    app, kept = registered.app, registered.kept
    click.echo(f"\nRegistered {app.name}, app {app.id}: {app.html_url}")
    if kept.instead:
        click.echo(f"Warning: the secrets were written to another file than requested ({kept.instead}).", err=True)
    click.echo(
        f"The app's settings and secrets are in {kept.path}. Only you can read the file. GitHub shows the "
        "secrets only once."
    )
    if app.webhook_secret is None:
        click.echo(
            "Warning: GitHub did not create a webhook secret. Generate one (openssl rand -hex 32), enter "
            f"it on the app's page under Webhook, and add it to {kept.path} as "
            f"{PREFIX}GITHUB_WEBHOOK_SECRETS.",
            err=True,
        )
    click.echo(
        "\nThe app was registered with these callback URLs, in this order. After an installation, GitHub "
        f"redirects to the first:\n  1. {callback_urls[0]}\n  2. {callback_urls[1]}\n"
        f"\nNext:\n  set -a; . {_for_shell(kept.path)}; set +a\n  crewkit-git doctor"
    )


def _for_shell(path: Path) -> str:
    return str(path) if path.is_absolute() or len(path.parts) > 1 else f"./{path}"


def _check_file(path: Path, *, force: bool) -> None:
    """Check that the file can be written, before the app exists on GitHub."""
    if path.exists() and not force:
        raise click.ClickException(
            f"{path} already exists and may contain another app's secrets. Choose another file with --file, "
            "or overwrite it with --force."
        )
    if not path.parent.is_dir():
        raise click.ClickException(
            f"The directory {path.parent} does not exist. Create it, or choose another file with --file."
        )


def _local_url() -> str:
    """Return where the service of this machine listens, which browsers here reach."""
    variable = f"{PREFIX}HTTP_ADDR"
    given = {variable: os.environ.get(variable, "")}
    try:
        settings = Settings.from_environment(given, process="register-app")
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    return f"http://{settings.http_addr.for_clients}"


def _has_desktop() -> bool:
    """Return whether a browser can open a window; without a desktop, it might run in this terminal."""
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
    "Note: the app's webhook will be inactive, because GitHub cannot reach this machine. To receive "
    "webhooks, pass --public-url or --webhook-url. docs/github-app.md describes how to use a tunnel."
)
