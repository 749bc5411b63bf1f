"""JSON bodies are read into a form, or refused with the field that is wrong."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import httpx
import msgspec
import pytest
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.requests import MAX_BODY_BYTES, read_json
from entrypoints.rest.http.responses import Json

ID = "6f1c9f2e-54d0-4a53-8f3e-0d1f6a7c1b11"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """An object in an object."""

    depth: Annotated[int, Meta(ge=1)] = 1


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """What the endpoint under test takes."""

    id: UUID
    inner: Inner | None = None
    names: list[str] = []


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of an endpoint that echoes its input."""

    async def echo(request: Request) -> Response:
        return Json(await read_json(request, Form))

    app = Starlette(routes=[Route("/", echo, methods=["POST"])], exception_handlers=EXCEPTION_HANDLERS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as client:
        yield client


async def test_reads_a_valid_body(client: httpx.AsyncClient) -> None:
    """The content type may have capitals and parameters."""
    body = f'{{"id":"{ID}","names":["größe"]}}'
    answer = await client.post("/", content=body, headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.json() == {"id": ID, "inner": None, "names": ["größe"]}


WRONG = {
    "missing": ("{}", "id", "This field is required."),
    "unknown": (f'{{"id":"{ID}","nmaes":[]}}', "nmaes", "Unknown field. Remove it."),
    "unknown within": (f'{{"id":"{ID}","inner":{{"x":1}}}}', "inner.x", "Unknown field. Remove it."),
    "of another type": ('{"id":1}', "id", "Expected `uuid`, got `int`"),
    "out of bounds": (f'{{"id":"{ID}","inner":{{"depth":0}}}}', "inner.depth", "Expected `int` >= 1"),
    "within a list": (f'{{"id":"{ID}","names":[1]}}', "names[0]", "Expected `str`, got `int`"),
    "given twice": (f'{{"id":"{ID}","names":[],"names":["a"]}}', "names", "This name is repeated. Send it once."),
    "given twice within": (
        f'{{"id":"{ID}","inner":{{"depth":1,"depth":2}}}}',
        "depth",
        "This name is repeated. Send it once.",
    ),
    "no number": (f'{{"id":"{ID}","inner":{{"depth":"1"}}}}', "inner.depth", "Expected `int`, got `str`"),
    "no object": ("[]", "body", "Expected `object`, got `array`"),
}


@pytest.mark.parametrize(("body", "field", "message"), WRONG.values(), ids=WRONG.keys())
async def test_names_the_invalid_field(client: httpx.AsyncClient, body: str, field: str, message: str) -> None:
    """As the caller wrote it, at any depth."""
    answer = await client.post("/", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "body_invalid")
    assert answer.json()["errors"] == [{"field": field, "message": message}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"id":"\xff"}',
        b'{"id":"\xed\xa0\x80"}',
        b'{"id":"\\ud800"}',
        b"[" * 60_000,
        f'{{"id":"{ID}","inner":{{"depth":NaN}}}}'.encode(),
        f'{{"id":"{ID}","names":{"[" * 9000}{"]" * 9000}}}'.encode(),
        f'{{"id":"{ID}","inner":{{"depth":{"9" * 9000}}}}}'.encode(),
        f'{{"id":"{ID}","names":["\\u0000"]}}'.encode(),
        f'{{"id":"{ID}","names":["\\\\\\u0000"]}}'.encode(),
    ],
)
async def test_rejects_invalid_json(client: httpx.AsyncClient, body: bytes) -> None:
    """Truncated, in another encoding, or with a character that PostgreSQL cannot store."""
    answer = await client.post("/", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "body_invalid")


async def test_accepts_an_escaped_backslash_before_a_u(client: httpx.AsyncClient) -> None:
    r"""`\\u0000` is a backslash and five characters."""
    body = f'{{"id":"{ID}","names":["\\\\u0000"]}}'
    answer = await client.post("/", content=body, headers={"content-type": "application/json"})
    assert answer.json()["names"] == [r"\u0000"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_accepts_only_json(client: httpx.AsyncClient, media_type: str) -> None:
    """Without this rule, a form on another site could post here without a preflight."""
    answer = await client.post("/", content=f'{{"id":"{ID}"}}', headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["detail"] == "The content type is not supported here. Send application/json."


async def test_rejects_a_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    """The limit is 64 KiB."""
    body = b" " * (MAX_BODY_BYTES + 1)
    answer = await client.post("/", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
