from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from core.domain.tokens.lease import StoredTokens

OwnerId = TypeVar("OwnerId")


def wipe(rows: dict[OwnerId, StoredTokens], owner_ids: Iterable[OwnerId]) -> None:
    """Take tokens and leases away, so that an answer still under way is not written any more."""
    for owner_id in owner_ids:
        known = rows.get(owner_id, StoredTokens())
        rows[owner_id] = replace(known, generation=known.generation + 1, tokens=None, lease=None)
