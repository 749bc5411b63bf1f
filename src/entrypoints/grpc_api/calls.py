from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from core.domain.actors import Actor
from core.use_cases.account import Identify
from entrypoints.edge.calls import new_request_id, parse_acting_user, parse_bearer_token, parse_request_id
from ports.identity import TokenVerifier

REQUEST_ID = "x-request-id"
ACTING_USER = "x-acting-user"
"""The metadata key with the id of the user that a service acts for."""

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """The caller of the current call, and when the caller's token expires."""

    actor: Actor
    expires_at: datetime


_CALL: ContextVar[Call] = ContextVar("call")


def begin(call: Call) -> None:
    """Set the current call. gRPC runs each call in a separate task, so calls do not share it."""
    _CALL.set(call)


def call() -> Call:
    """Return the current call. It is set before any method runs."""
    return _CALL.get()


def actor() -> Actor:
    """Return the caller of the current call."""
    return _CALL.get().actor


@dataclass(frozen=True, slots=True)
class Authentication:
    """Authenticate a caller by `authorization: Bearer`. gRPC does not support cookies or browsers."""

    verifier: TokenVerifier
    identify: Identify

    async def __call__(self, metadata: Metadata, request_id: str) -> Call:
        """Return the call.

        Raises `TokenRefused`, `KeysUnavailable`, `UserNotFound` or `ActingUserRefused`.
        """
        principal = await self.verifier.verify(parse_bearer_token(values(metadata, "authorization")))
        user = parse_acting_user(values(metadata, ACTING_USER), name=ACTING_USER)
        caller = await self.identify(principal, acting_user=user, request_id=request_id)
        return Call(caller, principal.expires_at)


def values(metadata: Metadata, name: str) -> list[str]:
    """Return all values of this key. Binary values become an empty text, which every reader rejects."""
    return [value if isinstance(value, str) else "" for key, value in metadata if key == name]


def request_id_of(metadata: Metadata) -> str:
    """Return the request id that the caller sent if it is valid, or a new one."""
    sent = values(metadata, REQUEST_ID)
    request_id = parse_request_id(sent[0].encode()) if sent else None
    return request_id or new_request_id()
