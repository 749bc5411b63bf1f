"""Sign access tokens with the key of a development installation."""

import os
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import click

from entrypoints.development.running_demo import demo_users, explain_missing_demo
from entrypoints.development.tokens import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, TokenSigner
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings, SettingsRefused

_ENVIRONMENT = f"{PREFIX}ENVIRONMENT"


def sign_service_token(service: str, scopes: Sequence[str], *, lifetime: timedelta) -> str:
    """Return a token of a service with these scopes."""
    return _signer(_settings()).for_service(service, scopes, lifetime=lifetime)


def sign_user_token(user: str, *, lifetime: timedelta) -> str:
    """Return a token of a user, given by email address, role or UUID."""
    settings = _settings()
    signer = _signer(settings)
    return signer.for_user(_user_id(settings, user), lifetime=lifetime)


def _settings() -> Settings:
    """Read the environment, which is development unless it says otherwise, as for `make run`."""
    environment = {**os.environ, _ENVIRONMENT: os.environ.get(_ENVIRONMENT) or "development"}
    try:
        settings = Settings.from_environment(environment, process="token")
    except SettingsRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    if not settings.is_development:
        raise click.ClickException(
            "This command creates tokens for development only. In production, crewkit issues them."
        )
    return settings


def _signer(settings: Settings) -> TokenSigner:
    file = settings.development_key.absolute()
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise click.ClickException(
            f"The key {file} cannot be read ({error.strerror}). `make run` creates it. Run this "
            f"command in the directory where it was started, or set {PREFIX}HOME to its data "
            "directory, such as /path/to/.crewkit-git."
        ) from error
    return TokenSigner(
        pem, issuer=settings.auth_issuer or DEVELOPMENT_ISSUER, audience=settings.auth_audience or DEVELOPMENT_AUDIENCE
    )


def _user_id(settings: Settings, user: str) -> UUID:
    try:
        return UUID(user)
    except ValueError:
        pass
    users = demo_users(settings.home)
    for role, demo_user in users.items():
        if user.lower() in (role, demo_user.email.lower()):
            return demo_user.id
    if users:
        names = ", ".join(f"{demo_user.email} ({role})" for role, demo_user in users.items())
        raise click.ClickException(f"The demo has no user {user}. Known users: {names}.")
    why = explain_missing_demo(os.environ) or "the running demo has no users"
    raise click.ClickException(
        f"The user {user} is unknown: {why}. Start `make run` to use its demo users, or pass the UUID of a user."
    )
