"""Keys by which callers say that a request is the same as one before, so that it is done once."""

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

_FORM = re.compile(r"[\x20-\x7e]{1,255}")


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
class KeyedRequest:
    """A request that is done once under its key, which is the actor's own in this organization.

    `request_hash` tells it from any other request that might come under the same key.
    """

    organization_id: OrganizationId
    actor: str
    key: IdempotencyKey
    request_hash: bytes
    now: datetime

    @property
    def expires_at(self) -> datetime:
        """When the key is free again."""
        return self.now + LIFETIME

    def require_same(self, request_hash: bytes) -> None:
        """Raise `IdempotencyKeyReused` unless that is this very request's hash."""
        if request_hash != self.request_hash:
            raise IdempotencyKeyReused("This idempotency key was used for a different request. Use a new key.")


def idempotency_key(text: str) -> IdempotencyKey:
    """Return a caller's text as a key; raises `IdempotencyKeyInvalid`."""
    if not _FORM.fullmatch(text):
        raise IdempotencyKeyInvalid("Invalid idempotency key. Send 1 to 255 printable ASCII characters.")
    return IdempotencyKey(text)


def build_keyed_request(
    key: IdempotencyKey | None,
    operation: str,
    facts: Mapping[str, object],
    *,
    organization_id: OrganizationId,
    actor: Actor,
    now: datetime,
) -> KeyedRequest | None:
    """Return the request of this operation with all that it asks for; None where it came without a key."""
    if key is None:
        return None
    asked = json.dumps([operation, facts], sort_keys=True, default=str).encode()
    return KeyedRequest(organization_id, actor.name, key, hashlib.sha256(asked).digest(), now)
