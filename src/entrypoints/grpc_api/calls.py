from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from core.domain.actors import Actor
from core.use_cases.account.identify import Identify
from entrypoints.credentials import acting_user, bearer_token
from entrypoints.rest.request_ids import new_request_id, sane_request_id
from ports.tokens import TokenVerifier

REQUEST_ID = "x-request-id"
ACTING_USER = "x-acting-user"
"""The metadata in which a service names the user it acts for, by id."""

Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Whose call is answered, and until when their token counts."""

    actor: Actor
    expires_at: datetime


_CALL: ContextVar[Call] = ContextVar("call")


def begin(call: Call) -> None:
    """Let this be the call that is answered: gRPC answers each in a task of its own."""
    _CALL.set(call)


def call() -> Call:
    """Return the call that is answered; nothing answers before it is known whose it is."""
    return _CALL.get()


def actor() -> Actor:
    """Return who calls."""
    return _CALL.get().actor


@dataclass(frozen=True, slots=True)
class Authentication:
    """Find out who calls, by `authorization: Bearer`; no cookies here, and no browsers."""

    verifier: TokenVerifier
    identify: Identify

    async def __call__(self, metadata: Metadata, request_id: str) -> Call:
        """Return the call; raises `TokenRefused`, `UserNotFound` or `ActingUserRefused`."""
        principal = await self.verifier.verify(bearer_token(values(metadata, "authorization")))
        user = acting_user(values(metadata, ACTING_USER), name=ACTING_USER)
        caller = await self.identify(principal, acting_user=user, request_id=request_id)
        return Call(caller, principal.expires_at)


def values(metadata: Metadata, name: str) -> list[str]:
    """Return all values of this name; its bytes, which are nobody's text, as what is refused everywhere."""
    return [value if isinstance(value, str) else "" for key, value in metadata if key == name]


def request_id_of(metadata: Metadata) -> str:
    """Return the caller's id of this call if it is sane, else a new one."""
    given = values(metadata, REQUEST_ID)
    known = sane_request_id(given[0].encode()) if given else None
    return known or new_request_id()
