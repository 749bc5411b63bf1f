import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import structlog

from adapters.secrets.keys import KeyRefused, KeySource, VerificationKey, parse_jwk
from core.domain.actors import KeysUnavailable

_FETCH_SECONDS = 5.0
_LARGEST_BYTES = 256 * 1024
_MOST_KEYS = 100
# Between two questions, whatever asks: a rotated key is accepted within it, and a flood of made-up names
# asks the issuer no more often.
_COOL_DOWN_SECONDS = 5.0
# After this a use of a known key has the set read again, without waiting for it.
_FRESH_SECONDS = 300.0
# After this it waits: a key withdrawn there must stop working here, though nobody asked in between.
_STALE_SECONDS = 600.0
_log = structlog.get_logger(__name__)


class KeySetUnreadable(Exception):
    """There is no usable set of keys at this address; the message says why."""


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class JwksKeys(KeySource):
    """The keys an issuer publishes at a URL, kept in memory.

    Read again when a token names an unknown key, at most once in five seconds: names are the token's choice,
    and would otherwise make us ask the issuer at an attacker's pace. Keys are kept while the issuer is
    silent, and nobody who has one waits for it then.
    """

    def __init__(self, url: str, client: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._client = client
        self._monotonic = monotonic
        self._keys: Mapping[str, VerificationKey] = {}
        self._read_at: float | None = None
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key of this name; a token that names none gets the only key, if there is one.

        Raises `KeysUnavailable` when no set was ever read.
        """
        found, age = self._known(key_id), self._age()
        if found is not None and age < _FRESH_SECONDS:
            return found
        # Whoever has a key goes on with it while the issuer is asked, unless it may have been withdrawn long
        # ago; an issuer that failed to answer since is not waited for.
        waits = found is None or (age >= _STALE_SECONDS and self._asking is None and not self._is_silent())
        asking = self._ask()
        if asking is not None and waits:
            await asyncio.shield(asking)
            found = self._known(key_id)
        if found is None and self._read_at is None:
            raise KeysUnavailable(
                "Tokens cannot be verified, because the issuer's public keys could not be fetched. Try again later.",
                retry_after=_COOL_DOWN_SECONDS,
            )
        return found

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    def _known(self, key_id: str | None) -> VerificationKey | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _age(self) -> float:
        return math.inf if self._read_at is None else self._monotonic() - self._read_at

    def _is_silent(self) -> bool:
        """Tell whether the last question was not answered."""
        return self._asked_at is not None and (self._read_at is None or self._read_at < self._asked_at)

    def _ask(self) -> asyncio.Task[None] | None:
        """Return the question under way, a new one, or None where the last was a moment ago."""
        if self._asking is None:
            now = self._monotonic()
            if self._asked_at is not None and now - self._asked_at < _COOL_DOWN_SECONDS:
                return None
            self._asked_at = now
            self._asking = asyncio.create_task(self._refresh())
            self._asking.add_done_callback(self._answered)
        return self._asking

    def _answered(self, _: asyncio.Task[None]) -> None:
        self._asking = None

    async def _refresh(self) -> None:
        try:
            keys = await read_key_set(self._url, self._client)
        except KeySetUnreadable as error:
            _log.warning("token_keys_unavailable", url=self._url, error=str(error))
            return
        self._keys = keys
        self._read_at = self._monotonic()


async def read_key_set(url: str, client: httpx.AsyncClient) -> Mapping[str, VerificationKey]:
    """Return the usable keys that are published there, by name, at least one; raises `KeySetUnreadable`."""
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            return _parse(await _fetch(url, client))
    except TimeoutError as error:
        raise KeySetUnreadable("no response in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError) as error:
        raise KeySetUnreadable(f"{type(error).__name__}: {error}") from error
    except ValueError as error:
        raise KeySetUnreadable(str(error)) from error


async def _fetch(url: str, client: httpx.AsyncClient) -> bytes:
    # Not compressed, so that what is counted is what is kept.
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as answer:
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
    jwks = msgspec.json.decode(body, type=_KeySet).keys[:_MOST_KEYS]
    # Where a set has keys of both purposes, each must say which it is for:
    # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata (jwks_uri).
    says_purpose = any("use" in jwk and jwk["use"] != "sig" for jwk in jwks)
    found: dict[str, VerificationKey] = {}
    for jwk in jwks:
        key_id = jwk.get("kid")
        if not isinstance(key_id, str) or (says_purpose and "use" not in jwk):
            continue
        try:
            found[key_id] = parse_jwk(jwk)
        except KeyRefused:
            continue
    if not found:
        # An emptied set would lock everyone out; more likely the issuer's page is broken.
        raise ValueError("the key set has no usable key")
    return found
