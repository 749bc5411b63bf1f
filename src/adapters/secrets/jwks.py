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
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 100
# The minimum interval of fetches, so that a flood of invented key names does not reach the issuer.
_COOL_DOWN_SECONDS = 5.0
# After this, using a key starts a refresh in the background.
_FRESH_SECONDS = 300.0
# After this, using a key waits for the refresh: a revoked key must stop working.
_STALE_SECONDS = 600.0
_log = structlog.get_logger(__name__)


class KeySetUnreadable(Exception):
    """The URL has no usable key set; the message has the reason."""


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


class JwksKeys(KeySource):
    """The keys that an issuer publishes at a URL, cached in memory.

    They are fetched again when a token names an unknown key, at most once in five seconds, because an attacker can
    choose the names. During an outage of the issuer, cached keys are used without waiting.
    """

    def __init__(self, url: str, client: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._client = client
        self._monotonic = monotonic
        self._keys: Mapping[str, VerificationKey] = {}
        self._read_at: float | None = None
        self._requested_at: float | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key with this name, or the only key if the token has no name, or None.

        Raises `KeysUnavailable` if no key set was ever fetched.
        """
        key, age = self._find_cached(key_id), self._age()
        if key is not None and age < _FRESH_SECONDS:
            return key
        # A cached key is used during the refresh, unless it is stale: it may be revoked. If the last fetch failed,
        # do not wait.
        should_wait = key is None or (age >= _STALE_SECONDS and self._refreshing is None and not self._has_failed())
        refresh = self._start_refresh()
        if refresh is not None and should_wait:
            await asyncio.shield(refresh)
            key = self._find_cached(key_id)
        if key is None and self._read_at is None:
            raise KeysUnavailable(
                "Tokens cannot be verified, because the issuer's public keys could not be fetched. Try again later.",
                retry_after=_COOL_DOWN_SECONDS,
            )
        return key

    async def close(self) -> None:
        """Cancel a running refresh."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait({self._refreshing})

    def _find_cached(self, key_id: str | None) -> VerificationKey | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _age(self) -> float:
        return math.inf if self._read_at is None else self._monotonic() - self._read_at

    def _has_failed(self) -> bool:
        """Return whether the last fetch failed or is still running."""
        return self._requested_at is not None and (self._read_at is None or self._read_at < self._requested_at)

    def _start_refresh(self) -> asyncio.Task[None] | None:
        """Return the running or a new refresh, or None within the cool-down."""
        if self._refreshing is None:
            now = self._monotonic()
            if self._requested_at is not None and now - self._requested_at < _COOL_DOWN_SECONDS:
                return None
            self._requested_at = now
            self._refreshing = asyncio.create_task(self._refresh())
            self._refreshing.add_done_callback(self._clear_refresh)
        return self._refreshing

    def _clear_refresh(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _refresh(self) -> None:
        try:
            keys = await read_key_set(self._url, self._client)
        except KeySetUnreadable as error:
            _log.warning("token_keys_unavailable", url=self._url, error=str(error))
            return
        self._keys = keys
        self._read_at = self._monotonic()


async def read_key_set(url: str, client: httpx.AsyncClient) -> Mapping[str, VerificationKey]:
    """Return the usable keys of a URL by name, at least one; raises `KeySetUnreadable`."""
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
    # Not compressed, so that the size limit is the size in memory.
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
        if response.status_code != httpx.codes.OK:
            raise ValueError(f"status {response.status_code}")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MAX_BYTES:
                raise ValueError("the key set is too large")
    return bytes(body)


def _parse(body: bytes) -> Mapping[str, VerificationKey]:
    """Return the usable keys by name. Other keys in the set are ignored."""
    jwks = msgspec.json.decode(body, type=_KeySet).keys[:_MAX_KEYS]
    # Where a set has keys of both purposes, each must say which it is for:
    # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata (jwks_uri).
    has_other_purposes = any("use" in jwk and jwk["use"] != "sig" for jwk in jwks)
    keys: dict[str, VerificationKey] = {}
    for jwk in jwks:
        key_id = jwk.get("kid")
        if not isinstance(key_id, str) or (has_other_purposes and "use" not in jwk):
            continue
        try:
            keys[key_id] = parse_jwk(jwk)
        except KeyRefused:
            continue
    if not keys:
        # An empty set would reject all tokens, so keep the cached keys: the URL is probably broken.
        raise ValueError("the key set has no usable key")
    return keys
