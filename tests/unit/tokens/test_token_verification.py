"""Only valid tokens of crewkit identify a caller."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapters.secrets.keys import KeyRefused, KeySource, PinnedKey, VerificationKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import TokenRefused
from testing.memory.clock import SettableClock
from tests.support.builders import tokens
from tests.support.builders.tokens import (
    AUDIENCE,
    ISSUER,
    USER,
    claims,
    forge_token,
    public_pem,
    sign_by_hand,
    sign_token,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class CountedKey(KeySource):
    """The pinned RSA key, which counts its uses."""

    def __init__(self) -> None:
        self.uses = 0
        self.pinned = PinnedKey(public_pem(tokens.rsa_key()))

    async def find(self, key_id: str | None) -> VerificationKey | None:
        """Count and answer."""
        self.uses += 1
        return await self.pinned.find(key_id)


def verifier(key: tokens.PrivateKey | None = None, clock: SettableClock | None = None) -> JwtVerifier:
    """Give a verifier that trusts this key."""
    pem = public_pem(key or tokens.rsa_key())
    return JwtVerifier(PinnedKey(pem), clock or SettableClock(NOW), issuer=ISSUER, audience=AUDIENCE)


def user_token(**changes: object) -> str:
    """Sign a user's token with these changes."""
    return sign_token(claims(NOW, **changes), tokens.rsa_key())


@pytest.mark.parametrize("key", [tokens.rsa_key, tokens.p256_key, tokens.ed25519_key])
async def test_valid_token_identifies_its_user(key: Callable[[], tokens.PrivateKey]) -> None:
    """RS256, ES256 and EdDSA are accepted, each for its kind of key."""
    principal = await verifier(key()).verify(sign_token(claims(NOW), key()))

    assert principal.user_id == USER
    assert principal.service is None
    assert principal.expires_at == NOW + HOUR


async def test_service_token_identifies_a_service_with_scopes() -> None:
    """A `service` claim decides, whatever the subject is."""
    principal = await verifier().verify(user_token(service="deployer", scope="git.read git.tokens", sub="client-17"))

    assert principal.service == "deployer"
    assert principal.scopes == {"git.read", "git.tokens"}
    assert principal.user_id is None


async def test_user_token_has_no_scopes() -> None:
    """A user's permissions follow from roles."""
    principal = await verifier().verify(user_token(scope="git.admin"))

    assert principal.scopes == frozenset()


async def test_accepts_one_of_several_audiences() -> None:
    """`aud` may be a list: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3."""
    principal = await verifier().verify(user_token(aud=["crewkit", AUDIENCE]))

    assert principal.user_id == USER


SECONDS_PAST = int((NOW - timedelta(seconds=11)).timestamp())
SECONDS_AHEAD = int((NOW + timedelta(seconds=11)).timestamp())

REFUSED: dict[str, dict[str, object]] = {
    "expired": {"exp": SECONDS_PAST},
    "no expiry": {"exp": None},
    "expiry in words": {"exp": "tomorrow"},
    "expiry that is true": {"exp": True},
    "expiry that is not a number": {"exp": float("nan")},
    "expiry beyond all time": {"exp": 10**20},
    "not yet valid": {"nbf": SECONDS_AHEAD},
    "not-before in words": {"nbf": "yesterday"},
    "issued in the future": {"iat": SECONDS_AHEAD},
    "wrong issuer": {"iss": "https://elsewhere.example"},
    "no issuer": {"iss": None},
    "issuer that is a list": {"iss": [ISSUER]},
    "wrong audience": {"aud": "crewkit-billing"},
    "no audience": {"aud": None},
    "no subject": {"sub": None},
    "subject that is not a user id": {"sub": "admin"},
    "subject in another form of UUID": {"sub": f"urn:uuid:{USER}"},
    "subject that is a number": {"sub": 1},
    "service without a name": {"service": ""},
    "service with an odd name": {"service": "a b\n"},
    "service that is not text": {"service": ["deployer"]},
    "scopes that are not text": {"service": "deployer", "scope": ["git.admin"]},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
async def test_rejects_tokens_with_other_claims(changes: dict[str, object]) -> None:
    """Each has a valid signature."""
    token = sign_by_hand(claims(NOW, **changes))

    with pytest.raises(TokenRefused):
        await verifier().verify(token)


async def test_tolerates_a_clock_difference() -> None:
    """Of ten seconds."""
    late = user_token(exp=int((NOW - timedelta(seconds=9)).timestamp()))
    early = user_token(
        iat=int((NOW + timedelta(seconds=9)).timestamp()), nbf=int((NOW + timedelta(seconds=9)).timestamp())
    )

    assert (await verifier().verify(late)).user_id == USER
    assert (await verifier().verify(early)).user_id == USER


async def test_accepts_the_first_and_the_last_possible_time() -> None:
    """Issuers use them for tokens that always were valid or never expire."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=0)
    token = user_token(nbf=int(first.timestamp()), exp=int(last.timestamp()))

    assert (await verifier().verify(token)).expires_at == last


def tamper() -> str:
    """Give a sound token whose claims were changed after it was signed."""
    header, _, signature = user_token().split(".")
    other = user_token(sub="00000000-0000-4000-8000-000000000001").split(".")[1]
    return f"{header}.{other}.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "no signature requested": lambda: forge_token({"alg": "none"}, claims(NOW)),
    "no signature requested, in capitals": lambda: forge_token({"alg": "NONE"}, claims(NOW)),
    "no signature": lambda: forge_token({"alg": "RS256"}, claims(NOW)),
    "public key as secret": lambda: tokens.sign_with_public_key(claims(NOW), public_pem(tokens.rsa_key())),
    "other key": lambda: sign_token(claims(NOW), tokens.rsa_key("other")),
    "other kind of key": lambda: sign_token(claims(NOW), tokens.p256_key()),
    "claims changed": tamper,
    "algorithm that is a list": lambda: forge_token({"alg": ["RS256"]}, claims(NOW)),
    "key id that is an object": lambda: forge_token({"alg": "RS256", "kid": {"a": 1}}, claims(NOW)),
    "its own key in the header": lambda: forge_token(
        {"alg": "RS256", "jwk": tokens.public_jwk(tokens.rsa_key("other"), "x")}, claims(NOW), b"x" * 256
    ),
    "an unknown critical extension": lambda: forge_token({"alg": "RS256", "crit": ["x"], "x": 1}, claims(NOW), b"x"),
    "two parts": lambda: "a.b",
    "five parts": lambda: "a.b.c.d.e",
    "nothing": lambda: "",
    "no ASCII": lambda: "éé.éé.éé",
    "half a surrogate pair": lambda: "\ud800.a.b",
    "deep nesting": lambda: forge_token({"alg": "RS256"}, {}).replace("e30", tokens.base64url(b"[" * 5000)),
    "deep nesting in the header": lambda: f"{tokens.base64url(b'[' * 5000)}.e30.e30",
    "too long": lambda: user_token(padding="x" * 9000),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
async def test_rejects_forged_and_malformed_tokens(token: Callable[[], str]) -> None:
    """Without any other error."""
    with pytest.raises(TokenRefused):
        await verifier().verify(token())


async def test_logs_the_reason_and_returns_one_message() -> None:
    """The reason would help an attacker."""
    messages, reasons = set(), set()
    for token in (user_token(exp=SECONDS_PAST), user_token(aud="other"), "a.b"):
        with pytest.raises(TokenRefused) as refusal:
            await verifier().verify(token)
        messages.add(refusal.value.message)
        reasons.add(refusal.value.reason)

    assert len(messages) == 1
    assert len(reasons) == 3


async def test_caches_a_verified_token_until_it_expires() -> None:
    """The expiry is checked at each use."""
    keys, clock = CountedKey(), SettableClock(NOW)
    verify = JwtVerifier(keys, clock, issuer=ISSUER, audience=AUDIENCE).verify
    token = user_token(exp=int((NOW + timedelta(minutes=5)).timestamp()))

    assert await verify(token) is await verify(token)
    assert keys.uses == 1

    clock.advance(timedelta(minutes=5, seconds=10))
    with pytest.raises(TokenRefused):
        await verify(token)


async def test_verifies_a_long_lived_token_again() -> None:
    """A removed key must stop working for cached tokens."""
    keys, clock = CountedKey(), SettableClock(NOW)
    verify = JwtVerifier(keys, clock, issuer=ISSUER, audience=AUDIENCE).verify
    token = user_token()

    await verify(token)
    clock.advance(timedelta(minutes=10))
    await verify(token)

    assert keys.uses == 2


async def test_does_not_cache_rejections() -> None:
    """An early token, or one of a new key, works as soon as possible."""
    clock = SettableClock(NOW)
    verify = verifier(clock=clock).verify
    token = user_token(nbf=int((NOW + HOUR / 2).timestamp()))

    with pytest.raises(TokenRefused):
        await verify(token)
    clock.advance(HOUR / 2)

    assert (await verify(token)).user_id == USER


async def test_limits_the_cache() -> None:
    """The least recently used token is evicted."""
    keys = CountedKey()
    subject = JwtVerifier(keys, SettableClock(NOW), issuer=ISSUER, audience=AUDIENCE, most_remembered=2)
    first, second, third = (user_token(jti=str(number)) for number in range(3))
    for token in (first, second, first, third, first):
        await subject.verify(token)
    assert keys.uses == 3

    await subject.verify(second)
    assert keys.uses == 4


@pytest.mark.parametrize(
    "pem",
    ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", public_pem(tokens.rsa_key("short", 1024))],
    ids=["empty", "broken", "short"],
)
def test_rejects_a_weak_key_at_construction(pem: str) -> None:
    """The service does not start."""
    with pytest.raises(KeyRefused):
        PinnedKey(pem)
