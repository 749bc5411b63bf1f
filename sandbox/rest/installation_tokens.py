"""Make, use and end installation tokens."""

import base64
import json
import secrets
from datetime import timedelta
from http import HTTPStatus
from string import ascii_letters, digits

import msgspec

from sandbox.payloads.links import stamp
from sandbox.payloads.repositories import repository_in_list
from sandbox.rest.answers import Answer, suspended, unprocessable
from sandbox.rest.apps import installation_of
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.state.apps import Installation
from sandbox.state.tokens import InstallationToken

LIFETIME = timedelta(hours=1)
_MOST_REPOSITORIES = 500
_LEVELS = ("read", "write", "admin")
_SIGNATURE_BYTES = 256


class Narrowing(msgspec.Struct):
    """What a token shall be limited to."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, str] | None = None


def create_token(call: Call) -> Answer:
    """Make a token; a suspended installation gets none."""
    sandbox, installation = call.sandbox, installation_of(call)
    if installation.suspended_at:
        raise suspended()
    narrowing = call.body(Narrowing)
    repository_ids = _repositories(call, installation, narrowing)
    token = InstallationToken(
        token=_new_token(call, installation),
        installation_id=installation.id,
        permissions=_permissions(installation, narrowing),
        expires_at=sandbox.now() + LIFETIME,
        repository_ids=repository_ids,
    )
    sandbox.world.installation_tokens[token.token] = token
    narrowed = {}
    if repository_ids is not None:
        owner = sandbox.world.accounts[installation.account_id]
        found = [sandbox.world.repositories[one] for one in sorted(repository_ids)]
        narrowed = {
            "repositories": [repository_in_list(sandbox.links, owner, one, None) for one in found],
            "repository_selection": "selected",
        }
    body = {
        "token": token.token,
        "expires_at": stamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": installation.repository_selection,
        **narrowed,
    }
    return Answer(body, HTTPStatus.CREATED)


def revoke_token(call: Call) -> Answer:
    """End the token that is shown."""
    del call.sandbox.world.installation_tokens[call.as_installation().token.token]
    return Answer(status=HTTPStatus.NO_CONTENT)


def _repositories(call: Call, installation: Installation, narrowing: Narrowing) -> set[int] | None:
    if narrowing.repositories is None and narrowing.repository_ids is None:
        return None
    if len(narrowing.repository_ids or ()) + len(narrowing.repositories or ()) > _MOST_REPOSITORIES:
        raise unprocessable(f"Cannot narrow a token to more than {_MOST_REPOSITORIES} repositories.")
    covered = call.sandbox.world.covered_by(installation)
    by_name = {one.name.lower(): one.id for one in covered}
    wanted = {by_name.get(name.lower()) for name in narrowing.repositories or ()}
    wanted |= set(narrowing.repository_ids or ())
    known = {one.id for one in covered}
    if not wanted <= known:
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return known & wanted


def _permissions(installation: Installation, narrowing: Narrowing) -> dict[str, str]:
    granted = installation.permissions
    if narrowing.permissions is None:
        return dict(granted)
    for name, level in narrowing.permissions.items():
        known = level in _LEVELS and name in granted
        if not known or _LEVELS.index(level) > _LEVELS.index(granted[name]):
            raise unprocessable("The permissions requested are not granted to this installation.")
    # Any access to a repository includes seeing that it is there.
    return {**narrowing.permissions, "metadata": "read"}


def _new_token(call: Call, installation: Installation) -> str:
    """Make a token of the form the header asks for, else of the form in force.

    https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
    """
    wish = call.headers.get("x-github-stateless-s2s-token")
    stateless = {"enabled": True, "disabled": False}.get(wish or "", call.sandbox.behaviour.stateless_tokens)
    if not stateless:
        return "ghs_" + "".join(secrets.choice(ascii_letters + digits) for _ in range(36))
    header = _base64({"alg": "RS256", "typ": "JWT", "kid": secrets.token_hex(4)})
    claims = _base64({"iss": "sandbox", "sub": installation.id, "jti": secrets.token_hex(16)})
    signature = base64.urlsafe_b64encode(secrets.token_bytes(_SIGNATURE_BYTES)).rstrip(b"=").decode()
    return f"ghs_{installation.app_id}_{header}.{claims}.{signature}"


def _base64(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


ENDPOINTS = (
    Endpoint("POST", "/app/installations/{installation_id:int}/access_tokens", create_token),
    Endpoint("DELETE", "/installation/token", revoke_token),
)
