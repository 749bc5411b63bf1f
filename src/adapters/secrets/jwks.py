import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import structlog

from adapters.secrets.keys import KeyRefused, KeySource, VerificationKey, key_from_jwk
from core.domain.errors import DomainError, ErrorKind

_FETCH_SECONDS = 5.0
_LARGEST_BYTES = 256 * 1024
_MOST_KEYS = 100
_COOL_DOWN_SECONDS = 60.0
_FIRST_COOL_DOWN_SECONDS = 5.0
# After this the set is read again though nothing asks for it: a key withdrawn there must stop working here.
_FRESH_SECONDS = 600.0
_log = structlog.get_logger(__name__)


class KeysUnavailable(DomainError):
    """The issuer's keys were never read, so no token can be told good from bad; callers are not at fault."""

    kind = ErrorKind.UNAVAILABLE
    code = "token_keys_unavailable"


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class JwksKeys(KeySource):
    """The keys an issuer publishes at a URL, kept in memory.

    Read again when a token names an unknown key, at most once a minute: names are the token's choice, and
    would otherwise make us ask the issuer at an attacker's pace. Keys are kept while the issuer is silent.
    """

    def __init__(
        self, url: str, client: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = client
        self._monotonic = monotonic
        self._keys: Mapping[str, VerificationKey] = {}
        self._read_at: float | None = None
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key of this name; a token that names none gets the only key, if there is one.

        Raises `KeysUnavailable` when no set was ever read.
        """
        found = self._known(key_id)
        # Whoever has a key goes on with it while somebody else asks.
        if (found is None or self._is_stale()) and not (found and self._asking.locked()):
            async with self._asking:
                found = self._known(key_id)
                if (found is None or self._is_stale()) and self._may_ask():
                    await self._refresh()
                    found = self._known(key_id)
        if found is None and self._read_at is None:
            raise KeysUnavailable(
                "Tokens cannot be checked right now; try again later.", retry_after=_FIRST_COOL_DOWN_SECONDS
            )
        return found

    def _known(self, key_id: str | None) -> VerificationKey | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _is_stale(self) -> bool:
        return self._read_at is None or self._monotonic() - self._read_at >= _FRESH_SECONDS

    def _may_ask(self) -> bool:
        if self._asked_at is None:
            return True
        cool_down = _FIRST_COOL_DOWN_SECONDS if self._read_at is None else _COOL_DOWN_SECONDS
        return self._monotonic() - self._asked_at >= cool_down

    async def _refresh(self) -> None:
        self._asked_at = self._monotonic()
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                keys = _parse(await self._fetch())
        except (httpx.HTTPError, TimeoutError, ValueError, msgspec.DecodeError) as error:
            _log.warning("token_keys_unavailable", url=self._url, error=f"{type(error).__name__}: {error}")
            return
        self._keys = keys
        self._read_at = self._monotonic()

    async def _fetch(self) -> bytes:
        # Not compressed, so that what is counted is what is kept.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._client.stream("GET", self._url, headers=headers, follow_redirects=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"status {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > _LARGEST_BYTES:
                    raise ValueError("the key set is too large")
        return bytes(body)


def _parse(body: bytes) -> Mapping[str, VerificationKey]:
    """Return the usable keys by name; others in the set are someone else's business."""
    found: dict[str, VerificationKey] = {}
    for jwk in msgspec.json.decode(body, type=_KeySet).keys[:_MOST_KEYS]:
        key_id = jwk.get("kid")
        try:
            key = key_from_jwk(jwk)
        except KeyRefused:
            continue
        if isinstance(key_id, str):
            found[key_id] = key
    if not found:
        # An emptied set would lock everyone out; more likely the issuer's page is broken.
        raise ValueError("the key set has no usable key")
    return found
