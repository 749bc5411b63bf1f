import os
from datetime import timedelta
from uuid import UUID

import click

from entrypoints.cli.durations import DURATION
from entrypoints.development.demo import demo_users
from entrypoints.development.tokens import DEFAULT_LIFETIME, TokenSigner
from entrypoints.settings import Settings, SettingsRefused
from entrypoints.up.keys import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER

_ENVIRONMENT = "CREWKIT_GIT_ENVIRONMENT"


@click.command()
@click.argument("user", required=False)
@click.option("--service", help="Make a service's token instead of a user's.")
@click.option(
    "--scope", "scopes", multiple=True, help="A scope of the service, such as git.read; repeatable."
)
@click.option(
    "--ttl",
    type=DURATION,
    default=DEFAULT_LIFETIME,
    show_default="8h",
    help="How long it lives: 90s, 15m, 1h.",
)
def token(*, user: str | None, service: str | None, scopes: tuple[str, ...], ttl: timedelta) -> None:
    """Make an access token for development.

    USER is an email address or role of the running demo, or the UUID of any user. The token is signed with
    the key that `up` made, which no production service trusts.
    """
    if bool(user) == bool(service):
        raise click.UsageError("Name either a user or --service.")
    if scopes and service is None:
        raise click.UsageError("Only a service has scopes; a user's rights follow from roles.")
    settings = _settings()
    signer = _signer(settings)
    if service is not None:
        click.echo(signer.for_service(service, scopes, lifetime=ttl))
    elif user is not None:
        click.echo(signer.for_user(_user_id(settings, user), lifetime=ttl))


def _settings() -> Settings:
    """Read the environment, which is development unless it says otherwise, as for `up`."""
    try:
        settings = Settings.from_environment(
            {**os.environ, _ENVIRONMENT: os.environ.get(_ENVIRONMENT) or "development"}, process="token"
        )
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    if not settings.is_development:
        raise click.ClickException("Tokens are made for development only; in production crewkit issues them.")
    return settings


def _signer(settings: Settings) -> TokenSigner:
    try:
        pem = settings.development_key.read_bytes()
    except OSError as error:
        raise click.ClickException(
            f"{settings.development_key}: {error.strerror}. `crewkit-git up` makes this key; "
            "set CREWKIT_GIT_HOME if it runs elsewhere."
        ) from error
    return TokenSigner(
        pem,
        issuer=settings.auth_issuer or DEVELOPMENT_ISSUER,
        audience=settings.auth_audience or DEVELOPMENT_AUDIENCE,
    )


def _user_id(settings: Settings, user: str) -> UUID:
    try:
        return UUID(user)
    except ValueError:
        pass
    people = demo_users(settings.home)
    for role, person in people.items():
        if user.lower() in (role, person.email.lower()):
            return person.id
    known = ", ".join(person.email for person in people.values()) or "nobody, since `up` is not running"
    raise click.ClickException(f"The demo has no user {user}; it has {known}.")
