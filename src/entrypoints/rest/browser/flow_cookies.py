from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from core.domain.flows.flow import LIFETIME, to_local_path

_NAME = "crewkit_git_flow_"
_PLACE = "crewkit_git_place"
_KEPT = timedelta(hours=1)
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
        """Let the browser carry a flow's cookie for longer than the flow lives.

        So a person who returns too late sees `flow_expired` and not the error for another browser.
        """
        answer.set_cookie(
            self._name(flow_id),
            cookie,
            # First, where both are understood: a browser's clock may be wrong by more than a flow lives.
            max_age=int(_KEPT.total_seconds()),
            expires=expires_at - LIFETIME + _KEPT,
            path="/",
            httponly=True,
            secure=self.is_encrypted,
            samesite="lax",
        )

    def flow_ids(self, request: Request) -> Sequence[UUID]:
        """Return the flows that the browser has a cookie for, as it says."""
        prefix = self._whole(_NAME)
        found = []
        for name in request.cookies:
            with suppress(ValueError):
                if name.startswith(prefix):
                    found.append(UUID(hex=name.removeprefix(prefix)))
        return found

    def of(self, request: Request) -> Callable[[UUID], str | None]:
        """Return what gives a flow's cookie."""
        return lambda flow_id: request.cookies.get(self._name(flow_id))

    def give_place(self, answer: Response, return_to: str) -> None:
        """Let the browser carry where its person was, who is about to change something at the provider."""
        answer.set_cookie(
            self._whole(_PLACE),
            quote(return_to),
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            httponly=True,
            secure=self.is_encrypted,
            samesite="lax",
        )

    def place_of(self, request: Request) -> str | None:
        """Return where the person was, a path of the dashboard's whatever the browser says."""
        carried = request.cookies.get(self._whole(_PLACE))
        return to_local_path(unquote(carried)) if carried else None

    def take_place(self, answer: Response) -> None:
        """Let the browser forget it."""
        answer.delete_cookie(
            self._whole(_PLACE), path="/", httponly=True, secure=self.is_encrypted, samesite="lax"
        )

    def _name(self, flow_id: UUID) -> str:
        return self._whole(f"{_NAME}{flow_id.hex}")

    def _whole(self, name: str) -> str:
        return f"{_OF_THIS_HOST}{name}" if self.is_encrypted else name
