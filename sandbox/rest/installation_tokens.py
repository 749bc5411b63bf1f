"""Creation and revocation of installation tokens."""

import base64
import json
import secrets
from datetime import timedelta
from http import HTTPStatus
from string import ascii_letters, digits

import msgspec

from sandbox.payloads.links import format_time
from sandbox.payloads.repositories import render_api_repository
from sandbox.rest.answers import ApiResponse, installation_suspended, unprocessable
from sandbox.rest.apps import get_installation
from sandbox.rest.call import Call, Endpoint
from sandbox.state.apps import Installation
from sandbox.state.tokens import InstallationToken

LIFETIME = timedelta(hours=1)
_MOST_REPOSITORIES = 500
_LEVELS = ("read", "write", "admin")
_SIGNATURE_BYTES = 256


class TokenLimits(msgspec.Struct):
    """The repositories and permissions of a new token."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, str] | None = None


def create_token(call: Call) -> ApiResponse:
    """Create a token; raises `Refusal` for a suspended installation."""
    sandbox, installation = call.sandbox, get_installation(call)
    if installation.suspended_at:
        raise installation_suspended()
    limits = call.body(TokenLimits)
    repository_ids = _limit_repositories(call, installation, limits)
    token = InstallationToken(
        token=_generate_token(call, installation),
        installation_id=installation.id,
        permissions=_limit_permissions(installation, limits),
        expires_at=sandbox.now() + LIFETIME,
        repository_ids=repository_ids,
    )
    sandbox.data.installation_tokens[token.token] = token
    limited_fields = {}
    if repository_ids is not None:
        owner = sandbox.data.accounts[installation.account_id]
        repositories = [sandbox.data.repositories[repository] for repository in sorted(repository_ids)]
        limited_fields = {
            "repositories": [
                render_api_repository(sandbox.links, owner, repository, None) for repository in repositories
            ],
            "repository_selection": "selected",
        }
    body = {
        "token": token.token,
        "expires_at": format_time(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": installation.repository_selection,
        **limited_fields,
    }
    return ApiResponse(body, HTTPStatus.CREATED)


def revoke_token(call: Call) -> ApiResponse:
    """Revoke the token of the request."""
    del call.sandbox.data.installation_tokens[call.as_installation().token.token]
    return ApiResponse(status=HTTPStatus.NO_CONTENT)


def _limit_repositories(call: Call, installation: Installation, limits: TokenLimits) -> set[int] | None:
    if limits.repositories is None and limits.repository_ids is None:
        return None
    if len(limits.repository_ids or ()) + len(limits.repositories or ()) > _MOST_REPOSITORIES:
        raise unprocessable(f"Cannot narrow a token to more than {_MOST_REPOSITORIES} repositories.")
    covered = call.sandbox.data.list_covered(installation)
    by_name = {repository.name.lower(): repository.id for repository in covered}
    requested_ids = {by_name.get(name.lower()) for name in limits.repositories or ()}
    requested_ids |= set(limits.repository_ids or ())
    covered_ids = {repository.id for repository in covered}
    if not requested_ids <= covered_ids:
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return covered_ids & requested_ids


def _limit_permissions(installation: Installation, limits: TokenLimits) -> dict[str, str]:
    granted = installation.permissions
    if limits.permissions is None:
        return dict(granted)
    for name, level in limits.permissions.items():
        is_granted = level in _LEVELS and name in granted
        if not is_granted or _LEVELS.index(level) > _LEVELS.index(granted[name]):
            raise unprocessable("The permissions requested are not granted to this installation.")
    # Any access to a repository includes its metadata.
    return {**limits.permissions, "metadata": "read"}


def _generate_token(call: Call, installation: Installation) -> str:
    """Return a token in the format that the header requests, or else in the default format.

    https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
    """
    requested_format = call.headers.get("x-github-stateless-s2s-token")
    stateless = {"enabled": True, "disabled": False}.get(
        requested_format or "", call.sandbox.behaviour.stateless_tokens
    )
    if not stateless:
        return "ghs_" + "".join(secrets.choice(ascii_letters + digits) for _ in range(36))
    header = _encode_json({"alg": "RS256", "typ": "JWT", "kid": secrets.token_hex(4)})
    claims = _encode_json({"iss": "sandbox", "sub": installation.id, "jti": secrets.token_hex(16)})
    signature = base64.urlsafe_b64encode(secrets.token_bytes(_SIGNATURE_BYTES)).rstrip(b"=").decode()
    return f"ghs_{installation.app_id}_{header}.{claims}.{signature}"


def _encode_json(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


ENDPOINTS = (
    Endpoint("POST", "/app/installations/{installation_id:int}/access_tokens", create_token),
    Endpoint("DELETE", "/installation/token", revoke_token),
)
