"""The description of the API as one page for people: no script, nothing from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from entrypoints.rest.openapi.operation_text import operation_text

_CODE = re.compile("`([^`]+)`")


def page_of(document: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the page and its headers."""
    style = files("entrypoints.rest.openapi").joinpath("page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "cache-control": "public, max-age=300",
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    }
    return "".join(_page(document, style)), headers


def _page(document: Mapping[str, Any], style: str) -> Iterator[str]:
    info = document["info"]
    chapters = _by_tag(document)
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{escape(info["title"])}: '
        f'API</title><style>{style}</style></head><body><a class="skip" href="#main">Skip '
        'to the operations</a><div class="whole"><nav aria-label="Operations">'
    )
    for tag, operations in chapters.items():
        yield f"<h2>{escape(tag)}</h2><ul>"
        for _, _, one in operations:
            yield f'<li><a href="#{escape(one["operationId"])}">{_prose(one["summary"])}</a></li>'
        yield "</ul>"
    yield f'</nav><main id="main"><h1>{escape(info["title"])}</h1><p>{_prose(info["description"])}</p>'
    yield (
        f'<p class="quiet">Version {escape(info["version"])}. Machine-readable: '
        '<a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    )
    yield from _signing_in(document)
    about = {tag["name"]: tag["description"] for tag in document["tags"]}
    for tag, operations in chapters.items():
        yield f"<section><h2>{escape(tag)}</h2><p>{_prose(about[tag])}</p>"
        for method, path, one in operations:
            yield operation_text(document, method, path, one, prose=_prose)
        yield "</section>"
    yield "</main></div></body></html>"


def _signing_in(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<section><h2>Authentication</h2><dl>"
    for name, scheme in document["components"]["securitySchemes"].items():
        yield f"<dt><strong>{escape(name)}</strong></dt><dd>{_prose(scheme['description'])}</dd>"
    yield "</dl></section>"


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            found[one["tags"][0]].append((method, path, one))
    return found


def _prose(text: str) -> str:
    """Return a text for people as HTML: what stands in backquotes is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
