from datetime import timedelta
from pathlib import Path

import click
from click.core import ParameterSource

from entrypoints.cli.click_extensions import DURATION
from entrypoints.settings.setting import PREFIX

_GITHUB_URL = f"{PREFIX}GITHUB_URL"


@click.command("register-app")
@click.option("--name", default="crewkit-dev", show_default=True, help="The app's name, unique on GitHub.")
@click.option("--organization", metavar="LOGIN", help="The organization that owns the app. Default: your account.")
@click.option(
    "--public-url",
    metavar="URL",
    help="The URL at which GitHub and browsers reach the service: https://… Without it, the app's webhook is inactive.",
)
@click.option(
    "--webhook-url",
    metavar="URL",
    help="The URL to which GitHub sends webhooks, if it differs from --public-url: for example, a tunnel.",
)
@click.option(
    "--github-url",
    metavar="URL",
    envvar=_GITHUB_URL,
    default="https://github.com",
    show_default=True,
    help="The GitHub to use: github.com, a GitHub Enterprise Server or the sandbox.",
)
@click.option(
    "--homepage",
    metavar="URL",
    default="https://crewkit.io",
    show_default=True,
    help="The homepage that GitHub shows for the app.",
)
@click.option("--private", is_flag=True, help="Only the account that owns the app can install it.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("github-app.env"),
    show_default=True,
    help="The file to which the app's settings and secrets are written.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port of the local registration page. Default: any free port.",
)
@click.option("--no-browser", is_flag=True, help="Print the URL of the registration page. Do not open it.")
@click.option(
    "--timeout",
    type=DURATION,
    default="30m",
    show_default=True,
    help="How long to wait for your browser to return from GitHub.",
)
@click.pass_context
def register_app(
    context: click.Context,
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
    """Register the service as a GitHub App, and write the app's secrets to a file.

    GitHub shows the new app in your browser and asks you to create it. docs/github-app.md explains each step.
    """
    from entrypoints.cli.app_registration import Registration, register

    # A variable may have come from another app's file, so the command shows where the address is from.
    is_from_variable = context.get_parameter_source("github_url") is ParameterSource.ENVIRONMENT
    register(
        Registration(
            name=name,
            organization=organization,
            public_url=public_url,
            webhook_url=webhook_url,
            github_url=github_url,
            github_url_variable=_GITHUB_URL if is_from_variable else None,
            homepage=homepage,
            is_private=private,
            path=path,
            force=force,
            port=port,
            opens_browser=not no_browser,
            timeout=timeout,
        )
    )
