"""Reject requests that another web site makes through a browser on this machine.

The sandbox has no passwords, so a web page that a person visits must not be able to use its control API.
"""

from http import HTTPStatus
from ipaddress import ip_address

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_CONTROL_API = "/_sandbox"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN_PATHS = ("/api/", "/login/oauth/access_token")
"""These paths authenticate by a token or secret in the request, never by a cookie."""
_APP_FORMS = "/settings/apps/new"
"""Another site posts the manifest to this path, as on GitHub."""


class LocalOnly:
    """Rejects a foreign `Host` always, and a foreign `Origin` if the request can change data.

    The check of `Host` protects against DNS rebinding. `host` is the host name of the sandbox's URLs;
    loopback names are always accepted.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, or respond with 403."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_own(host):
            return _refuse(
                "host_not_allowed", f"The host {host!r} is not allowed. Use http://127.0.0.1 or http://localhost."
            )
        if _requires_own_origin(scope["method"], scope["path"]):
            is_cross_site = headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
            if is_cross_site or (origin is not None and origin.partition("://")[2] != host):
                return _refuse(
                    "origin_not_allowed", "The request comes from another web site. Use the sandbox's own pages."
                )
        return None

    def _is_own(self, host: str) -> bool:
        name = (host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host).lower()
        return name in ("localhost", self._host) or _is_loopback(name.strip("[]"))


def _requires_own_origin(method: str, path: str) -> bool:
    if path.startswith(_CONTROL_API):
        return True
    return method not in _SAFE_METHODS and not path.startswith(_TOKEN_PATHS) and not path.endswith(_APP_FORMS)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse(code: str, message: str) -> Response:
    body = msgspec.json.encode({"code": code, "message": message})
    return Response(body, HTTPStatus.FORBIDDEN, media_type="application/json")
