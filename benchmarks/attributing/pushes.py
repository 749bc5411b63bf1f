"""Make large pushes by many people, written in every way an author can be."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1

from benchmarks.common.deliveries import EXAMPLE, FIRST_INSTALLATION, FIRST_REPOSITORY, SECRET

PEOPLE = 200
COMMITS = 50
"""In each push; as many as people push who have worked on something for a week."""

AUTHORS = 5
"""Of each push."""

_FIRST_ACCOUNT = 900_000_001


@dataclass(frozen=True)
class Person:
    """One author: the number of their account, and how their commits name them."""

    number: int

    @property
    def account(self) -> int:
        """The number of their account at GitHub."""
        return _FIRST_ACCOUNT + self.number

    @property
    def login(self) -> str:
        """Their login there."""
        return f"person-{self.number}"

    @property
    def address(self) -> str:
        """The address that GitHub verified for them."""
        return f"person-{self.number}@example.org"

    @property
    def is_connected(self) -> bool:
        """Return whether a user connected an account: seven in ten have."""
        return self.number % 10 < 7

    def author(self) -> dict[str, str]:
        """Name them as a commit does: by number, by verified address, or by login alone."""
        addresses = (
            f"{self.account}+{self.login}@users.noreply.github.com",
            self.address,
            f"{self.login}@elsewhere.example",
        )
        return {"name": self.login, "email": addresses[self.number % 3], "username": self.login}


EVERYONE = tuple(Person(number) for number in range(PEOPLE))


def bodies(count: int, installations: int) -> Iterator[tuple[bytes, str]]:
    """Return pushes, spread over the installations, each with its signature."""
    example = json.loads(EXAMPLE.read_bytes())
    for number in range(count):
        commits = [_commit(number, index) for index in range(COMMITS)]
        installation = number % installations
        push = {
            **example,
            "ref": "refs/heads/main",
            "after": commits[-1]["id"],
            "created": False,
            "commits": commits,
            "head_commit": commits[-1],
            "repository": {**example["repository"], "id": FIRST_REPOSITORY + installation},
            "installation": {"id": FIRST_INSTALLATION + installation},
        }
        body = json.dumps(push, separators=(",", ":")).encode()
        yield body, f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"


def _commit(push: int, index: int) -> dict[str, object]:
    name = f"{push}.{index}"
    person = EVERYONE[(push * AUTHORS + index % AUTHORS) % PEOPLE]
    other = EVERYONE[(push * AUTHORS + (index + 1) % AUTHORS) % PEOPLE]
    # One in five is written by two.
    trailer = f"\n\nCo-authored-by: {other.login} <{other.address}>" if index % 5 == 0 else ""
    return {
        "id": sha1(name.encode(), usedforsecurity=False).hexdigest(),
        "message": f"Validate the shipping address before an order is placed ({name}){trailer}",
        "timestamp": f"2026-03-02T09:{index:02d}:31+01:00",
        "url": f"https://github.com/acme/shop/commit/{name}",
        "author": person.author(),
        "committer": person.author(),
        "added": [],
        "removed": [],
        "modified": ["src/orders/address.py", "tests/orders/test_address.py"],
    }
