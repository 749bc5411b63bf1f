"""Deliveries as GitHub sends them, and many at once."""

import asyncio
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from entrypoints.bootstrap.github import github_signature
from entrypoints.settings.values import Address
from tests.support.clients.raw_http import connect, request

ROOT = Path(__file__).parents[3]
SECRET = "vB7q tests 9XkLr2 Zm4w"
INSTALLATION = 41_000_001
REPOSITORY = 700_000_001

Answers = dict[str, int | str]
"""By delivery id the status, or the name of the error that was met instead of an answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, new unless its id is given."""

    body: bytes
    event: str = "push"
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def headers(self) -> dict[str, str]:
        """What GitHub sends with it."""
        return {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/1d2f3c4",
            "x-github-event": self.event,
            "x-github-delivery": self.id,
            "x-hub-signature-256": github_signature(SECRET, self.body),
        }

    def request(self, headers: Mapping[str, str | bytes | None] | None = None) -> bytes:
        """Write it as a request, with these headers changed or, where None, left out."""
        merged = {**self.headers, **(headers or {})}
        return request({name: value for name, value in merged.items() if value is not None}, self.body)


_pushed_at = itertools.count(1_790_000_000)


def push(number: int = 0, *, installation: int = INSTALLATION, repository: int = REPOSITORY) -> bytes:
    """Return the body of a push to the main branch, with its number in `after`."""
    payload = _example("push/branch.json")
    payload["after"] = f"{number:040x}"
    # As at GitHub, no two pushes have the same bytes.
    payload["repository"] |= {"id": repository, "pushed_at": next(_pushed_at)}
    payload["installation"] |= {"id": installation}
    return _compact(payload)


def rename_body(name: str, *, second: int, installation: int = INSTALLATION, repository: int = REPOSITORY) -> bytes:
    """Return the body of a repository's renaming, so many seconds into a day of 2027."""
    payload = _example("repository/renamed.json")
    owner = payload["repository"]["owner"]["login"]
    at = f"2027-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    payload["changes"] = {"repository": {"name": {"from": "what it was called before"}}}
    payload["repository"] |= {"id": repository, "name": name, "full_name": f"{owner}/{name}", "updated_at": at}
    payload["installation"] |= {"id": installation}
    return _compact(payload)


async def post_all(address: Address, deliveries: Iterable[Delivery], *, connections: int = 16) -> Answers:
    """Post these over so many connections at once; a connection that breaks is not replaced."""
    waiting = iter(deliveries)
    answers: Answers = {}

    async def post_the_rest() -> None:
        sent = None
        try:
            async with connect(address) as line:
                for sent in waiting:
                    answers[sent.id] = (await line.ask(sent.request())).status
        except (OSError, EOFError, TimeoutError) as error:
            if sent is not None:
                answers[sent.id] = type(error).__name__

    await asyncio.gather(*(post_the_rest() for _ in range(connections)))
    return answers


def list_accepted(answers: Answers) -> list[str]:
    """List the deliveries that were promised to be kept."""
    return [delivery_id for delivery_id, status in answers.items() if status == 202]


def pushes(count: int, *, installations: Sequence[int] = (INSTALLATION,)) -> list[Delivery]:
    """Make so many pushes, spread over the installations, to the repository of the same number."""
    return [Delivery(push(number, installation=installations[number % len(installations)])) for number in range(count)]


def _example(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(_text(name))
    return payload


@cache
def _text(name: str) -> bytes:
    for folder in ("deploy/demo/payloads", "tests/data/webhooks/own"):
        path = ROOT / folder / name
        if path.exists():
            return path.read_bytes()
    raise FileNotFoundError(name)


def _compact(payload: object) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()
