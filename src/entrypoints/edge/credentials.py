"""How callers say who they are, at every edge: a bearer token, and for a service the user it acts for."""

import re
from collections.abc import Sequence
from uuid import UUID

from core.domain.principals import ActingUserRefused, TokenRefused

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def bearer_token(given: Sequence[str]) -> str:
    """Return the token of the `Authorization` that was given; raises `TokenRefused`."""
    if not given:
        raise TokenRefused("missing")
    scheme, _, token = given[0].partition(" ")
    # Of two, whoever stands before us may have looked at the other.
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("not_bearer")
    return token.strip()


def acting_user(given: Sequence[str], *, name: str) -> UUID | None:
    """Return the user a service names; a name that is not understood is never as if there were none.

    Raises `ActingUserRefused`, which says where to give it by its `name`.
    """
    if not given:
        return None
    if len(given) > 1 or not _UUID.fullmatch(given[0]):
        raise ActingUserRefused(f"The acting user is not valid. Send one user id, as a UUID, in {name}.")
    return UUID(given[0])
