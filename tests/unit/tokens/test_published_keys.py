"""The issuer's published keys: read when needed, seldom, and kept when the issuer is silent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.secrets.jwks import JwksKeys
from core.domain.actors import KeysUnavailable
from tests.support.builders import tokens
from tests.support.builders.tokens import public_jwk

URL = "https://issuer.example/jwks.json"
REDIRECT = {"location": "https://elsewhere.example"}


def key_set(*keys: dict[str, object]) -> bytes:
    """Give the text of a set."""
    return json.dumps({"keys": keys}).encode()


class Issuer:
    """An issuer whose page of keys can be changed, broken, and held back."""

    def __init__(self, *keys: dict[str, object]) -> None:
        self.keys: list[dict[str, object]] = list(keys)
        self.fault: tuple[int, bytes] | Exception | None = None
        self.fetches = 0
        self.reached = asyncio.Event()
        self.hold: asyncio.Event | None = None
        self.time = 0.0

    async def handle(self, _: httpx.Request) -> httpx.Response:
        """Answer as a server would."""
        self.fetches += 1
        self.reached.set()
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.fault, Exception):
            raise self.fault
        status, body = self.fault or (200, key_set(*self.keys))
        return httpx.Response(status, headers=REDIRECT, stream=httpx.ByteStream(body))

    @asynccontextmanager
    async def read_by(self) -> AsyncIterator[JwksKeys]:
        """Give the keys as the service reads them."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.handle)) as client:
            keys = JwksKeys(URL, client, monotonic=lambda: self.time)
            try:
                yield keys
            finally:
                await keys.close()


def first() -> dict[str, object]:
    """Give the key named first."""
    return public_jwk(tokens.rsa_key(), "first")


def second() -> dict[str, object]:
    """Give the key named second."""
    return public_jwk(tokens.p256_key(), "second")


async def test_each_key_has_one_algorithm() -> None:
    """The algorithm in a token never decides."""
    issuer = Issuer(first(), second(), public_jwk(tokens.ed25519_key(), "third", use="sig"))
    async with issuer.read_by() as keys:
        found = [await keys.find(name) for name in ("first", "second", "third")]

    assert [key.algorithm for key in found if key] == ["RS256", "ES256", "EdDSA"]
    assert issuer.fetches == 1


UNUSABLE: dict[str, dict[str, object]] = {
    "a shared secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"},
    "for encryption": public_jwk(tokens.rsa_key(), "x", use="enc"),
    "for another algorithm": public_jwk(tokens.rsa_key(), "x", alg="RS512"),
    "for a shared-secret algorithm": public_jwk(tokens.rsa_key(), "x", alg="HS256"),
    "too short": public_jwk(tokens.rsa_key("short", 1024), "x"),
    "without its parts": {"kty": "RSA", "kid": "x"},
    "with odd parts": {"kty": "RSA", "kid": "x", "n": 1, "e": []},
    "of an unknown kind": {"kty": "LATTICE", "kid": "x"},
    "private": {**public_jwk(tokens.rsa_key(), "x"), "d": "AQAB"},
    "without a name": {**first(), "kid": None},
    "for something else than verifying": {**public_jwk(tokens.rsa_key(), "x"), "key_ops": ["encrypt"]},
    "for odd things": {**public_jwk(tokens.rsa_key(), "x"), "key_ops": "verify"},
}


@pytest.mark.parametrize("jwk", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_skips_other_keys_in_the_set(jwk: dict[str, object]) -> None:
    """For example those for encryption."""
    async with Issuer(jwk, {**first(), "use": "sig"}).read_by() as keys:
        assert await keys.find("x") is None
        assert await keys.find("first") is not None


async def test_requires_a_purpose_if_some_keys_have_one() -> None:
    """A key without one may be for encryption."""
    encrypting = public_jwk(tokens.rsa_key(), "encrypting", use="enc")
    async with Issuer(encrypting, first(), {**second(), "use": "sig"}).read_by() as keys:
        assert await keys.find("first") is None
        assert await keys.find("second") is not None


async def test_token_without_a_key_id_uses_the_only_key() -> None:
    """With several keys it is rejected, so that no key stands for another."""
    async with Issuer(first()).read_by() as keys:
        assert await keys.find(None) is not None
    async with Issuer(first(), second()).read_by() as keys:
        assert await keys.find(None) is None


async def test_fetches_a_new_key_when_a_token_names_it() -> None:
    """After a rotation of keys, users wait for seconds at most."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        assert await keys.find("first") is not None
        issuer.keys.append(second())
        issuer.time += 5

        assert await keys.find("second") is not None


async def test_limits_fetches_for_unknown_key_ids() -> None:
    """Callers choose the id: many unknown ids cause one request in five seconds."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        for number in range(100):
            assert await keys.find(f"made up {number}") is None
        assert issuer.fetches == 1

        issuer.time += 5
        for number in range(100):
            assert await keys.find(f"made up {number}") is None
        assert issuer.fetches == 2


async def test_concurrent_callers_share_one_fetch() -> None:
    issuer = Issuer(first())
    issuer.hold = asyncio.Event()
    async with issuer.read_by() as keys:
        waiting = [asyncio.create_task(keys.find("first")) for _ in range(20)]
        await issuer.reached.wait()
        issuer.hold.set()

        assert all(await asyncio.gather(*waiting))
    assert issuer.fetches == 1


FAULTS: dict[str, tuple[int, bytes] | Exception] = {
    "no connection": httpx.ConnectError("refused"),
    "an error": (500, b""),
    "a redirect": (302, b""),
    "not JSON": (200, b"<html>"),
    "not a set": (200, b"[1]"),
    "an empty set": (200, key_set()),
    "too much": (200, b" " * 300_000 + key_set(public_jwk(tokens.p256_key(), "second"))),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_keeps_keys_during_an_outage_of_the_issuer(fault: tuple[int, bytes] | Exception) -> None:
    """Users stay signed in."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        await keys.find("first")
        issuer.fault = fault
        issuer.time += 3600

        assert await keys.find("first") is not None
        assert await keys.find("second") is None
        assert issuer.fetches == 2


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_missing_keys_are_an_outage(fault: tuple[int, bytes] | Exception) -> None:
    """The token may be valid, so the caller retries soon."""
    issuer = Issuer(first())
    issuer.fault = fault
    async with issuer.read_by() as keys:
        with pytest.raises(KeysUnavailable):
            await keys.find("first")
        issuer.fault = None
        issuer.time += 5

        assert await keys.find("first") is not None


async def test_rejects_a_removed_key() -> None:
    """The set is fetched again after ten minutes, even if each token names a known key."""
    issuer = Issuer(first(), second())
    async with issuer.read_by() as keys:
        await keys.find("second")
        issuer.keys = [first()]
        issuer.time += 600

        assert await keys.find("second") is None


async def test_refreshes_keys_in_the_background() -> None:
    """Callers with a known key do not wait."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        await keys.find("first")
        issuer.time += 300
        issuer.reached.clear()
        issuer.hold = asyncio.Event()
        for _ in range(3):
            assert await keys.find("first") is not None
        await issuer.reached.wait()
        issuer.keys = [second()]
        issuer.hold.set()

        assert await keys.find("second") is not None
        assert await keys.find("first") is None
    assert issuer.fetches == 2


async def test_one_caller_waits_for_very_old_keys() -> None:
    """A key may have been removed; the other callers continue."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        await keys.find("first")
        issuer.time += 600
        issuer.hold = asyncio.Event()
        issuer.reached.clear()
        asking = asyncio.create_task(keys.find("first"))
        await issuer.reached.wait()

        assert await keys.find("first") is not None
        assert not asking.done()
        issuer.hold.set()
        await asking


async def test_waits_once_for_an_issuer_that_is_down() -> None:
    """Later attempts are in the background."""
    issuer = Issuer(first())
    async with issuer.read_by() as keys:
        await keys.find("first")
        issuer.fault = httpx.ConnectError("refused")
        issuer.time += 3600
        await keys.find("first")
        issuer.hold = asyncio.Event()
        for expected in (3, 4):
            issuer.time += 5
            issuer.reached.clear()
            async with asyncio.timeout(1):
                assert await keys.find("first") is not None
                await issuer.reached.wait()
            assert issuer.fetches == expected
            issuer.hold.set()
            assert await keys.find("second") is None
            issuer.hold.clear()


async def test_cancelled_caller_does_not_cancel_the_fetch() -> None:
    """Others wait for its result."""
    issuer = Issuer(first())
    issuer.hold = asyncio.Event()
    async with issuer.read_by() as keys:
        leaving = asyncio.create_task(keys.find("first"))
        staying = asyncio.create_task(keys.find("first"))
        await issuer.reached.wait()
        leaving.cancel()
        issuer.hold.set()

        assert await staying is not None
    assert issuer.fetches == 1
