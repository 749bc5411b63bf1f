"""Whom a request's `Authorization` header speaks for."""

import base64
import binascii
from collections.abc import Hashable
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus

from sandbox.faults import FaultKind
from sandbox.rest.answers import Refusal, bad_credentials, suspended
from sandbox.rest.app_jwt import app_of_jwt
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation
from sandbox.state.tokens import InstallationToken, UserToken


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody in particular."""

    owner: Hashable = "anonymous"


@dataclass(frozen=True, slots=True)
class AsApp:
    """An app, by its JWT."""

    app: App

    @property
    def owner(self) -> Hashable:
        """Return whose rate limit it uses."""
        return f"app {self.app.id}"


@dataclass(frozen=True, slots=True)
class AsInstallation:
    """An installation, by its token."""

    installation: Installation
    token: InstallationToken

    @property
    def owner(self) -> Hashable:
        """Return whose rate limit it uses: all tokens of an installation share one."""
        return f"installation ID {self.installation.id}"


@dataclass(frozen=True, slots=True)
class AsUser:
    """A person through an app, by their token."""

    app: App
    person: Account
    token: UserToken

    @property
    def owner(self) -> Hashable:
        """Return whose rate limit it uses: all apps of a person share one."""
        return f"user ID {self.person.id}"


@dataclass(frozen=True, slots=True)
class AsClient:
    """An app, by its client id and secret."""

    app: App

    @property
    def owner(self) -> Hashable:
        """Return whose rate limit it uses."""
        return f"client {self.app.id}"


Principal = Anonymous | AsApp | AsInstallation | AsUser | AsClient


def principal_of(sandbox: Sandbox, authorization: str | None, path: str) -> Principal:
    """Return who asks; a credential that is shown and wrong is refused everywhere."""
    if authorization is None:
        return Anonymous()
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "basic":
            return _client(sandbox, value)
        case "bearer" | "token" if value.startswith(("ghs_", "ghu_")):
            if sandbox.faults.take(path, FaultKind.TOKEN_REFUSED):
                raise bad_credentials()
            return _installation(sandbox, value) if value.startswith("ghs_") else _user(sandbox, value)
        case "bearer" if value.startswith("ey"):
            if sandbox.faults.take(path, FaultKind.KEY_REFUSED):
                raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")
            return AsApp(app_of_jwt(sandbox.world, value, sandbox.now()))
    raise bad_credentials()


def _installation(sandbox: Sandbox, value: str) -> AsInstallation:
    token = sandbox.world.installation_tokens.get(value)
    if token is None or token.expires_at <= sandbox.now():
        raise bad_credentials()
    installation = sandbox.world.installations.get(token.installation_id)
    if installation is None:
        raise bad_credentials()
    if installation.suspended_at:
        raise suspended()
    return AsInstallation(installation, token)


def _user(sandbox: Sandbox, value: str) -> AsUser:
    world = sandbox.world
    token = world.user_tokens.get(value)
    if token is None or token.expires_at <= sandbox.now():
        raise bad_credentials()
    return AsUser(world.apps[token.app_id], world.accounts[token.user_id], token)


def _client(sandbox: Sandbox, value: str) -> AsClient:
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
    app = sandbox.world.app_of_client(client_id)
    if app is None or not compare_digest(app.client_secret.encode(), secret.encode()):
        raise bad_credentials()
    return AsClient(app)
