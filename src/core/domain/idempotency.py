"""Idempotency keys: a repeated request with the same key is processed once."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from core.domain.actors import Actor
from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import OrganizationId

LIFETIME = timedelta(hours=24)

IdempotencyKey = NewType("IdempotencyKey", str)

_PATTERN = re.compile(r"[\x20-\x7e]{1,255}")


class IdempotencyKeyInvalid(DomainError):
    """Invalid idempotency key. Send one key of 1 to 255 printable ASCII characters."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "idempotency_key_invalid"


class IdempotencyKeyReused(DomainError):
    """This idempotency key was used for a different request in the last 24 hours.

    Use a new key for each new request.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that is processed once under its key, which belongs to the actor in this organization.

    `request_hash` distinguishes it from other requests with the same key.
    """

    organization_id: OrganizationId
    actor: str
    key: IdempotencyKey
    request_hash: bytes
    now: datetime

    @property
    def expires_at(self) -> datetime:
        """When the key can be used again."""
        return self.now + LIFETIME

    def require_same(self, request_hash: bytes) -> None:
        """Raise `IdempotencyKeyReused` if this is the hash of another request."""
        if request_hash != self.request_hash:
            raise IdempotencyKeyReused("This idempotency key was used for a different request. Use a new key.")


def idempotency_key(text: str) -> IdempotencyKey:
    """Return a caller's text as a key; raises `IdempotencyKeyInvalid`."""
    if not _PATTERN.fullmatch(text):
        raise IdempotencyKeyInvalid("Invalid idempotency key. Send 1 to 255 printable ASCII characters.")
    return IdempotencyKey(text)


def build_idempotent_request(
    key: IdempotencyKey | None,
    operation: str,
    facts: Mapping[str, object],
    *,
    organization_id: OrganizationId,
    actor: Actor,
    now: datetime,
) -> IdempotentRequest | None:
    """Return the keyed request of this operation and its parameters, or None without a key."""
    if key is None:
        return None
    request = json.dumps([operation, facts], sort_keys=True, default=str).encode()
    return IdempotentRequest(organization_id, actor.name, key, hashlib.sha256(request).digest(), now)
