from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from sandbox.rest.answers import Answer, Refusal, not_accessible
from sandbox.rest.principals import Anonymous, AsApp, AsClient, AsInstallation, AsUser, Principal
from sandbox.sandbox import Sandbox

T = TypeVar("T")

_DEFAULT_PAGE = 30
_LARGEST_PAGE = 100
CURRENT_VERSION = "2022-11-28"
NEXT_VERSION = "2026-03-10"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, authenticated."""

    sandbox: Sandbox
    principal: Principal
    path: str
    raw_path: str
    query: Mapping[str, str]
    parts: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    version: str

    def number(self, part: str) -> int:
        """Return a part of the path that is an id."""
        return int(self.parts[part])

    def body(self, shape: type[T]) -> T:
        """Read the JSON body; none counts as an empty object."""
        try:
            return msgspec.json.decode(self.content or b"{}", type=shape)
        except msgspec.ValidationError as error:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Invalid request.\n\n{error}") from error
        except msgspec.DecodeError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Problems parsing JSON") from error

    def as_app(self) -> AsApp:
        """Demand an app's JWT."""
        if isinstance(self.principal, AsApp):
            return self.principal
        raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")

    def as_installation(self) -> AsInstallation:
        """Demand an installation's token."""
        if isinstance(self.principal, AsInstallation):
            return self.principal
        self._demand_some_credential()
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "You must authenticate with an installation access token in order to list repositories for an "
            "installation.",
        )

    def as_user(self) -> AsUser:
        """Demand a user's token."""
        if isinstance(self.principal, AsUser):
            return self.principal
        self._demand_some_credential()
        raise not_accessible()

    def as_client(self, client_id: str) -> AsClient:
        """Demand this client's id and secret."""
        if isinstance(self.principal, AsClient) and self.principal.app.client_id == client_id:
            return self.principal
        self._demand_some_credential()
        raise Refusal(HTTPStatus.NOT_FOUND, "Not Found")

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """Return the asked page of these items, and the header that leads to the others.

        https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        size = min(_whole(self.query.get("per_page")) or _DEFAULT_PAGE, _LARGEST_PAGE)
        number = _whole(self.query.get("page")) or 1
        last = max(1, -(-len(items) // size))
        others = {}
        if number > 1:
            others["prev"] = number - 1
        if number < last:
            others |= {"next": number + 1, "last": last}
        if number > 1:
            others["first"] = 1
        links = (f'<{self._page_url(page)}>; rel="{name}"' for name, page in others.items())
        headers = {"Link": ", ".join(links)} if others else {}
        return items[(number - 1) * size : number * size], headers

    def listing(self, items: Sequence[T], show: Callable[[T], object]) -> Answer:
        """Answer with a page of these items as a bare list."""
        page, headers = self.page(items)
        return Answer([show(item) for item in page], headers=headers)

    def counted(
        self, name: str, items: Sequence[T], show: Callable[[T], object], more: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """Answer with a page of these items in an object that counts them all."""
        page, headers = self.page(items)
        return Answer({"total_count": len(items), **dict(more), name: [show(item) for item in page]}, headers=headers)

    def _page_url(self, page: int) -> str:
        query = urlencode({**self.query, "page": page})
        return f"{self.sandbox.links.api}{self.path}?{query}"

    def _demand_some_credential(self) -> None:
        if isinstance(self.principal, Anonymous):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Requires authentication")


def _whole(text: str | None) -> int | None:
    """Read a positive number; anything else counts as not given."""
    return int(text) if text and text.isdecimal() and int(text) > 0 else None
