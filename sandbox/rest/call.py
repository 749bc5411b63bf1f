from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from sandbox.rest.answers import ApiResponse, Refusal, not_accessible
from sandbox.rest.principals import Anonymous, AsApp, AsClient, AsInstallation, AsUser, Principal
from sandbox.sandbox import Sandbox

T = TypeVar("T")

_DEFAULT_PAGE = 30
_LARGEST_PAGE = 100
CURRENT_VERSION = "2022-11-28"
NEXT_VERSION = "2026-03-10"


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated API request."""

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
        """Return an id in the path."""
        return int(self.parts[part])

    def body(self, shape: type[T]) -> T:
        """Return the decoded JSON body. A missing body counts as an empty object."""
        try:
            return msgspec.json.decode(self.content or b"{}", type=shape)
        except msgspec.ValidationError as error:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Invalid request.\n\n{error}") from error
        except msgspec.DecodeError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Problems parsing JSON") from error

    def as_app(self) -> AsApp:
        """Return the authenticated app; raises `Refusal` for other credentials."""
        if isinstance(self.principal, AsApp):
            return self.principal
        raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")

    def as_installation(self) -> AsInstallation:
        """Return the authenticated installation; raises `Refusal` for other credentials."""
        if isinstance(self.principal, AsInstallation):
            return self.principal
        self._demand_some_credential()
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "You must authenticate with an installation access token in order to list repositories for an "
            "installation.",
        )

    def as_user(self) -> AsUser:
        """Return the authenticated user; raises `Refusal` for other credentials."""
        if isinstance(self.principal, AsUser):
            return self.principal
        self._demand_some_credential()
        raise not_accessible()

    def as_client(self, client_id: str) -> AsClient:
        """Return the client authenticated by this id and its secret; raises `Refusal`."""
        if isinstance(self.principal, AsClient) and self.principal.app.client_id == client_id:
            return self.principal
        self._demand_some_credential()
        raise Refusal(HTTPStatus.NOT_FOUND, "Not Found")

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, str]]:
        """Return the requested page of these items, and the `Link` header.

        https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        size = min(_parse_positive(self.query.get("per_page")) or _DEFAULT_PAGE, _LARGEST_PAGE)
        number = _parse_positive(self.query.get("page")) or 1
        last = max(1, -(-len(items) // size))
        other_pages = {}
        if number > 1:
            other_pages["prev"] = number - 1
        if number < last:
            other_pages |= {"next": number + 1, "last": last}
        if number > 1:
            other_pages["first"] = 1
        links = (f'<{self._page_url(page)}>; rel="{name}"' for name, page in other_pages.items())
        headers = {"Link": ", ".join(links)} if other_pages else {}
        return items[(number - 1) * size : number * size], headers

    def render_list(self, items: Sequence[T], show: Callable[[T], object]) -> ApiResponse:
        """Return a page of these items as a JSON array."""
        page, headers = self.page(items)
        return ApiResponse([show(item) for item in page], headers=headers)

    def render_counted_list(
        self, name: str, items: Sequence[T], show: Callable[[T], object], more: Iterable[tuple[str, str]] = ()
    ) -> ApiResponse:
        """Return a page of these items in an object with their total count."""
        page, headers = self.page(items)
        return ApiResponse(
            {"total_count": len(items), **dict(more), name: [show(item) for item in page]}, headers=headers
        )

    def _page_url(self, page: int) -> str:
        query = urlencode({**self.query, "page": page})
        return f"{self.sandbox.links.api}{self.path}?{query}"

    def _demand_some_credential(self) -> None:
        if isinstance(self.principal, Anonymous):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Requires authentication")


def _parse_positive(text: str | None) -> int | None:
    """Return a positive number, or None for any other text."""
    return int(text) if text and text.isdecimal() and int(text) > 0 else None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation of the API."""

    method: str
    path: str
    handle: Callable[[Call], ApiResponse]
