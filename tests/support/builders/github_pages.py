"""Pages of an installation's repositories, as large and as varied as GitHub's."""

import gzip
import json
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

PER_PAGE = 100

_EXAMPLE = Path(__file__).parents[2] / "data/webhooks/octokit/repository/created.with-installation.json"
_OWNER = "acme-enterprise"
_FIRST_ID = 186_000_000
_LANGUAGES = ("Python", "Go", "TypeScript", "Rust", "Ruby", None)
_WORDS = (
    *("billing", "search", "deploy", "queue", "invoices", "mobile"),
    *("gateway", "metrics", "internal", "legacy", "tools", "data"),
)

_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "content-encoding": "gzip",
    "x-ratelimit-limit": "12500",
    "x-ratelimit-remaining": "12000",
    "x-ratelimit-resource": "core",
    "x-github-media-type": "github.v3; format=json",
    "cache-control": "private, max-age=60, s-maxage=60",
    "vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
}
# Fields of a repository that the API has and a webhook lacks.
_OF_THE_API = {
    "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
    "has_discussions": False,
    "allow_forking": True,
}


def large_listing(request: Request, pages: int) -> Response:
    """Respond with the requested page of so many full ones, like GitHub: links, gzip, limits."""
    page = int(request.query_params.get("page", "1"))
    base = f"{request.url.replace(query='')}?per_page={PER_PAGE}&page="
    links = [f'<{base}{page + 1}>; rel="next"', f'<{base}{pages}>; rel="last"'] if page < pages else []
    linked = {"link": ", ".join(links)} if links else {}
    return Response(_build_page(page, pages), headers={**_HEADERS, **linked})


@cache
def _build_page(page: int, pages: int) -> bytes:
    return page_of(1 + (page - 1) * PER_PAGE, pages * PER_PAGE)


def page_of(first: int, total: int) -> bytes:
    """Return a page that begins with the repository of this number, as JSON in gzip."""
    return gzip.compress(json_of(first, total), 6)


def json_of(first: int, total: int) -> bytes:
    """Return the page's JSON, the same each time."""
    listed = ",".join(_repository(number) for number in range(first, first + PER_PAGE))
    head = f'{{"total_count":{total},"repository_selection":"all","repositories":['
    return f"{head}{listed}]}}".encode()


def _repository(number: int) -> str:
    chance = random.Random(number)
    varied = _vary(number, chance)
    name = "-".join([*chance.choices(_WORDS, k=3), str(number)])
    return _template() % {**{key: json.dumps(value) for key, value in varied.items()}, "@": name}


def _vary(number: int, chance: random.Random) -> Mapping[str, Any]:
    """Return what differs from one repository to the next, besides its name."""
    return {
        "id": _FIRST_ID + number,
        "node_id": f"R_kgDO{chance.randbytes(6).hex()}",
        "private": chance.random() < 0.8,
        "description": " ".join(chance.choices(_WORDS, k=12)),
        "language": chance.choice(_LANGUAGES),
        "size": chance.randrange(1_000_000),
        "stargazers_count": chance.randrange(100),
        "open_issues_count": chance.randrange(100),
        "created_at": _time(chance),
        "updated_at": _time(chance),
        "pushed_at": _time(chance),
        "topics": chance.sample(_WORDS, k=4),
    }


@cache
def _template() -> str:
    """Return the example as JSON with holes: making ten thousand from objects takes minutes."""
    example = json.loads(_EXAMPLE.read_bytes())["repository"]
    keys = _vary(0, random.Random(0))
    whole = {**example, **_OF_THE_API, "name": "%(@)s", **{key: f"%({key})s" for key in keys}}
    text = json.dumps(whole, separators=(",", ":"))
    text = text.replace(example["full_name"], f"{_OWNER}/%(@)s").replace(example["owner"]["login"], _OWNER)
    for key in keys:
        text = text.replace(f'"%({key})s"', f"%({key})s")
    return text


def _time(chance: random.Random) -> str:
    day, month, hour = chance.randint(1, 28), chance.randint(1, 12), chance.randrange(24)
    minute, second = chance.randrange(60), chance.randrange(60)
    return f"{chance.randint(2015, 2026)}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
