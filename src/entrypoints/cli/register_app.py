import asyncio
import os
import signal
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import click
from click.core import ParameterSource

from core.domain.provider import ProviderUnavailable
from entrypoints.bootstrap.registration import Addresses, RegisteredApp, Registrar, registrar, variables
from entrypoints.cli.durations import DURATION
from entrypoints.embedded.errors import CannotStart
from entrypoints.registration.environment_file import Kept, environment_text, keep
from entrypoints.registration.flow import Registered, RegistrationFailed, RegistrationFlow
from entrypoints.registration.places import PlaceRefused, Places, checked_github, wish
from entrypoints.registration.server import served
from entrypoints.setting_table import PREFIX
from entrypoints.settings import Settings, SettingsRefused
from entrypoints.up.ports import reachable

_DEFAULT_FILE = Path("github-app.env")
_GITHUB_URL = f"{PREFIX}GITHUB_URL"


@click.command("register-app")
@click.option("--name", default="crewkit-dev", show_default=True, help="The app's name, unique on GitHub.")
@click.option("--organization", metavar="LOGIN", help="Whose app it is; yours if left out.")
@click.option(
    "--public-url",
    metavar="URL",
    help="Where GitHub and browsers reach the service: https://… Without it the webhook is off.",
)
@click.option("--webhook-url", metavar="URL", help="Where deliveries go, if not there: a tunnel's address.")
@click.option(
    "--github-url",
    metavar="URL",
    envvar=_GITHUB_URL,
    default="https://github.com",
    show_default=True,
    help="Another GitHub: an Enterprise Server, or the sandbox.",
)
@click.option("--homepage", metavar="URL", default="https://crewkit.io", show_default=True)
@click.option("--private", is_flag=True, help="Only the account that owns the app may install it.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_DEFAULT_FILE,
    show_default=True,
    help="Where the app's variables are written.",
)
@click.option("--force", is_flag=True, help="Overwrite that file.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of the page on this machine; any if left out."
)
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
@click.option("--timeout", type=DURATION, default=timedelta(minutes=30), show_default="30m")
def register_app(
    *,
    name: str,
    organization: str | None,
    public_url: str | None,
    webhook_url: str | None,
    github_url: str,
    homepage: str,
    private: bool,
    path: Path,
    force: bool,
    port: int,
    no_browser: bool,
    timeout: timedelta,
) -> None:
    """Register the GitHub App that the service is, and write its secrets into a file.

    Your browser shows what the app may do and asks you to create it; docs/github-app.md explains each step.
    """
    _check_file(path, force=force)
    try:
        places = Places(checked_github(github_url), _local_url(), public_url, webhook_url, homepage)
        wished = wish(name, places, public=not private)
    except PlaceRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    _say_which(places.github_url)
    at = registrar(places.github_url, organization)
    flow = RegistrationFlow(at, wished, partial(_keep, at.addresses, path, public_url, force=force))
    try:
        with _interruptible(flow), served(flow, port) as first_page:
            _greet(at)
            _say_where(first_page, open_it=not no_browser)
            if not wished.webhook_active:
                click.echo(_NO_WEBHOOK, err=True)
            registered = _wait(flow, timeout)
    except (CannotStart, RegistrationFailed) as failure:
        raise click.ClickException(str(failure)) from failure
    _say_what_next(registered, wished.callback_urls)


def _say_which(github_url: str) -> None:
    """Name the GitHub: one from the environment may be another app's, whose file was read into it."""
    given = click.get_current_context().get_parameter_source("github_url")
    why = (
        f", as {_GITHUB_URL} says; --github-url names another."
        if given is ParameterSource.ENVIRONMENT
        else ""
    )
    click.echo(f"GitHub: {github_url}{why}")


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
