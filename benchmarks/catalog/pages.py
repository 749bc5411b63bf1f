"""Make pages of repositories as large and as varied as GitHub's."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

PER_PAGE = 100

_EXAMPLE = Path(__file__).parents[2] / "tests/data/webhooks/octokit/repository/created.with-installation.json"
_LANGUAGES = ("Python", "Go", "TypeScript", "Rust", "Ruby", None)
_WORDS = (
    *("billing", "search", "deploy", "queue", "ledger", "mobile"),
    *("gateway", "metrics", "internal", "legacy", "tools", "data"),
)

# What the API tells of a repository beyond what a webhook does.
_OF_THE_API = {
    "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
    "has_discussions": False,
    "allow_forking": True,
}


def page_of(first: int, total: int) -> bytes:
    """Return a page that begins with the repository of this number, as JSON in gzip."""
    return gzip.compress(json_of(first, total), 6)


def json_of(first: int, total: int) -> bytes:
    """Return the page's JSON, the same each time."""
    example = json.loads(_EXAMPLE.read_bytes())["repository"]
    repositories = [_repository(example, number) for number in range(first, first + PER_PAGE)]
    page = {"total_count": total, "repository_selection": "all", "repositories": repositories}
    return json.dumps(page, separators=(",", ":")).encode()


def _repository(example: dict[str, Any], number: int) -> dict[str, Any]:
    chance = random.Random(number)
    name = "-".join([*chance.choices(_WORDS, k=3), str(number)])
    owner, old = "acme-enterprise", example["full_name"]
    text = json.dumps({**example, **_OF_THE_API}).replace(old, f"{owner}/{name}")
    return {
        **json.loads(text.replace(example["owner"]["login"], owner)),
        "id": 186_000_000 + number,
        "node_id": f"R_kgDO{chance.randbytes(6).hex()}",
        "name": name,
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


def _time(chance: random.Random) -> str:
    day, month, hour = chance.randint(1, 28), chance.randint(1, 12), chance.randrange(24)
    minute, second = chance.randrange(60), chance.randrange(60)
    return f"{chance.randint(2015, 2026)}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
