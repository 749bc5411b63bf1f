"""Prepare signed deliveries as GitHub sends them: a real push, of a push's usual size."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = "/api/v1/git/github/webhooks"
"""Where every contender listens, so that all of them get the same bytes."""

EXAMPLE = Path(__file__).parents[2] / "tests/data/webhooks/octokit/push/branch-created.with-installation.json"
"""A push as GitHub sends it, without the commits that make it as large as they usually are."""

SECRET = "a webhook secret for benchmarks only"
FIRST_INSTALLATION = 50_000_001
FIRST_REPOSITORY = 700_000_001

_USUAL_BYTES = 7_600
_MOST_COMMITS = 20
_SHA1_HEX_LENGTH = 40
_HEADERS = (
    f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\n"
    "Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Hook-ID: 292430182\r\n"
    "X-GitHub-Hook-Installation-Target-ID: 123456\r\nX-GitHub-Hook-Installation-Target-Type: integration\r\n"
)


@dataclass(frozen=True)
class Delivery:
    """Hold one signed push without its delivery id, which is new each time it is posted."""

    body: bytes
    sha1: str
    sha256: str

    def headers(self, delivery_id: str) -> dict[str, str]:
        """Return the headers that matter to a receiver, for a client that adds the others itself."""
        return {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": delivery_id,
            "X-Hub-Signature-256": self.sha256,
            "X-Crewkit-Replay": self.replay,
        }

    @property
    def replay(self) -> str:
        """Return the operator's signature with which our service takes the same body again and again."""
        return hmac.digest(SECRET.encode(), b"crewkit-git replay\n" + self.sha256.encode(), "sha256").hex()


def sign_pushes(installations: int, count: int | None = None) -> list[Delivery]:
    """Return pushes of about the same size, one for each installation, or `count` spread over them evenly.

    Each installation has one repository, and no two pushes bring the same commits.
    """
    push = json.loads(EXAMPLE.read_bytes())
    commits = _usual_commits(push)
    return [
        _sign(_compact(_push(push, number, number % installations, commits)))
        for number in range(count or installations)
    ]


def write_for_wrk(deliveries: list[Delivery], stem: Path) -> None:
    """Write the requests as wrk.lua reads them: `<stem>.bin` and `<stem>.idx`."""
    parts = []
    with stem.with_suffix(".bin").open("wb") as requests:
        for delivery in deliveries:
            head = f"{_HEADERS}X-GitHub-Delivery: ".encode()
            tail = (
                f"\r\nX-Hub-Signature: {delivery.sha1}\r\nX-Hub-Signature-256: {delivery.sha256}\r\n"
                f"X-Crewkit-Replay: {delivery.replay}\r\n"
                f"Content-Length: {len(delivery.body)}\r\n\r\n"
            ).encode() + delivery.body
            requests.write(head + tail)
            parts.append(f"{len(head)} {len(tail)}\n")
    stem.with_suffix(".idx").write_text("".join(parts))


def _usual_commits(push: Mapping[str, Any]) -> int:
    """Return the number of commits that brings the push nearest to the usual size."""
    return min(range(1, _MOST_COMMITS), key=lambda n: abs(len(_compact(_push(push, 0, 0, n))) - _USUAL_BYTES))


def _push(push: Mapping[str, Any], number: int, installation: int, commit_count: int) -> dict[str, Any]:
    commits = [_commit(f"{number}.{index}", index, push) for index in range(commit_count)]
    return {
        **push,
        "ref": "refs/heads/main",
        "before": _sha(f"before {number}"),
        "after": commits[-1]["id"],
        "created": False,
        "deleted": False,
        "commits": commits,
        "head_commit": commits[-1],
        "repository": {**push["repository"], "id": FIRST_REPOSITORY + installation},
        "installation": {"id": FIRST_INSTALLATION + installation, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsb"},
    }


def _commit(name: str, minute: int, push: Mapping[str, Any]) -> dict[str, Any]:
    login, sha = push["sender"]["login"], _sha(f"commit {name}")
    email = f"{push['sender']['id']}+{login}@users.noreply.github.com"
    person = {"name": login, "email": email, "username": login}
    return {
        "id": sha,
        "tree_id": _sha(f"tree {name}"),
        "distinct": True,
        "message": f"Validate the shipping address before an order is placed ({name})",
        "timestamp": f"2026-03-02T09:{minute:02d}:31+01:00",
        "url": f"{push['repository']['html_url']}/commit/{sha}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": ["src/orders/address.py", "tests/orders/test_address.py"],
    }


def _sign(body: bytes) -> Delivery:
    sha1, sha256 = (f"{name}={hmac.new(SECRET.encode(), body, name).hexdigest()}" for name in ("sha1", "sha256"))
    return Delivery(body, sha1, sha256)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _sha(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:_SHA1_HEX_LENGTH]
