from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from core.domain.flows import LIFETIME

_NAME = "crewkit_git_flow_"
# A browser takes a cookie of this name only from this very host, and only encrypted:
# https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
_OF_THIS_HOST = "__Host-"


@dataclass(frozen=True, slots=True)
class FlowCookies:
    """The cookies that bind flows to their browser, one for each flow: two tabs do not disturb each other.

    They come along when the provider's page sends the browser back, which is a navigation, and with nothing
    that another page posts (SameSite=Lax).
    """

    is_encrypted: bool

    def give(self, answer: Response, flow_id: UUID, cookie: str, expires_at: datetime) -> None:
        """Let the browser carry a flow's cookie until the flow expires."""
        answer.set_cookie(
            self._name(flow_id),
            cookie,
            # First, where both are understood: a browser's clock may be wrong by more than a flow lives.
            max_age=int(LIFETIME.total_seconds()),
            expires=expires_at,
            path="/",
            httponly=True,
            secure=self.is_encrypted,
            samesite="lax",
        )

    def of(self, request: Request) -> Callable[[UUID], str | None]:
        """Return what gives a flow's cookie."""
        return lambda flow_id: request.cookies.get(self._name(flow_id))

    def _name(self, flow_id: UUID) -> str:
        return f"{_OF_THIS_HOST if self.is_encrypted else ''}{_NAME}{flow_id.hex}"
