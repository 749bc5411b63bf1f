"""The principal of a request's `Authorization` header."""

import base64
import binascii
from collections.abc import Hashable
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus

from sandbox.faults import FaultKind
from sandbox.rest.answers import Refusal, bad_credentials, installation_suspended
from sandbox.rest.app_jwt import verify_app_jwt
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Installation
from sandbox.state.tokens import InstallationToken, UserToken


@dataclass(frozen=True, slots=True)
class Anonymous:
    """A request without credentials."""

    owner: Hashable = "anonymous"


@dataclass(frozen=True, slots=True)
class AsApp:
    """An app, authenticated by its JWT."""

    app: App

    @property
    def owner(self) -> Hashable:
        """The owner of the rate limit."""
        return f"app {self.app.id}"


@dataclass(frozen=True, slots=True)
class AsInstallation:
    """An installation, authenticated by its token."""

    installation: Installation
    token: InstallationToken

    @property
    def owner(self) -> Hashable:
        """The owner of the rate limit, which all tokens of an installation share."""
        return f"installation ID {self.installation.id}"


@dataclass(frozen=True, slots=True)
class AsUser:
    """A person, authenticated by a user token of an app."""

    app: App
    person: Account
    token: UserToken

    @property
    def owner(self) -> Hashable:
        """The owner of the rate limit, which all apps of a person share."""
        return f"user ID {self.person.id}"


@dataclass(frozen=True, slots=True)
class AsClient:
    """An app, authenticated by its client id and secret."""

    app: App

    @property
    def owner(self) -> Hashable:
        """The owner of the rate limit."""
        return f"client {self.app.id}"


Principal = Anonymous | AsApp | AsInstallation | AsUser | AsClient


def authenticate(sandbox: Sandbox, authorization: str | None, path: str) -> Principal:
    """Return the principal; raises `Refusal` for an invalid credential, even for public data."""
    if authorization is None:
        return Anonymous()
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "basic":
            return _authenticate_client(sandbox, value)
        case "bearer" | "token" if value.startswith(("ghs_", "ghu_")):
            if sandbox.faults.take(path, FaultKind.TOKEN_REFUSED):
                raise bad_credentials()
            return (
                _authenticate_installation(sandbox, value)
                if value.startswith("ghs_")
                else _authenticate_user(sandbox, value)
            )
        case "bearer" if value.startswith("ey"):
            if sandbox.faults.take(path, FaultKind.KEY_REFUSED):
                raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")
            return AsApp(verify_app_jwt(sandbox.data, value, sandbox.now()))
    raise bad_credentials()


def _authenticate_installation(sandbox: Sandbox, value: str) -> AsInstallation:
    token = sandbox.data.installation_tokens.get(value)
    if token is None or token.expires_at <= sandbox.now():
        raise bad_credentials()
    installation = sandbox.data.installations.get(token.installation_id)
    if installation is None:
        raise bad_credentials()
    if installation.suspended_at:
        raise installation_suspended()
    return AsInstallation(installation, token)


def _authenticate_user(sandbox: Sandbox, value: str) -> AsUser:
    data = sandbox.data
    token = data.user_tokens.get(value)
    if token is None or token.expires_at <= sandbox.now():
        raise bad_credentials()
    return AsUser(data.apps[token.app_id], data.accounts[token.user_id], token)


def _authenticate_client(sandbox: Sandbox, value: str) -> AsClient:
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
    app = sandbox.data.find_app_by_client(client_id)
    if app is None or not compare_digest(app.client_secret.encode(), secret.encode()):
        raise bad_credentials()
    return AsClient(app)
