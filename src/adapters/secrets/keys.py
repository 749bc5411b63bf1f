"""Public keys that verify access tokens, each with its only permitted algorithm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
_SHORTEST_RSA = 2048
_FROM_JWK = {"RSA": RSAAlgorithm.from_jwk, "EC": ECAlgorithm.from_jwk, "OKP": OKPAlgorithm.from_jwk}

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class KeyRefused(ValueError):
    """The type, size or purpose of the key is not supported."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key with its algorithm. The token must not choose the algorithm.

    Otherwise, a token could name HS256 and use the public key as the HMAC secret:
    https://www.rfc-editor.org/rfc/rfc8725#section-2.1.
    """

    algorithm: str
    key: PublicKey


class KeySource(Protocol):
    """A source of verification keys."""

    async def find(self, key_id: str | None) -> VerificationKey | None:
        """Return the key that a token names, or the only key, or None."""


class PinnedKey(KeySource):
    """The key of the settings, for tokens with any key name."""

    def __init__(self, pem: str) -> None:
        """Parse a PEM public key; raises `KeyRefused`."""
        self._key = parse_pem_key(pem)

    async def find(self, key_id: str | None) -> VerificationKey | None:  # noqa: ARG002 - the protocol's signature
        """Return the key."""
        return self._key


def parse_pem_key(pem: str) -> VerificationKey:
    """Parse a PEM public key; raises `KeyRefused`."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise KeyRefused("the text is not a PEM public key") from None
    return _to_verification_key(key)


def parse_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    """Read one key of a JWK set (https://www.rfc-editor.org/rfc/rfc7517); raises `KeyRefused`."""
    if jwk.get("use", "sig") != "sig" or "d" in jwk or not _can_verify(jwk.get("key_ops", ["verify"])):
        raise KeyRefused("the key's declared use is not the verification of signatures")
    parse = _FROM_JWK.get(str(jwk.get("kty")))
    if parse is None:
        raise KeyRefused("the key type is not a public-key type")
    try:
        key = _to_verification_key(parse(dict(jwk)))
    except (InvalidKeyError, ValueError, TypeError, KeyError):
        raise KeyRefused("the key is malformed") from None
    if jwk.get("alg", key.algorithm) != key.algorithm:
        raise KeyRefused("the key is for another algorithm")
    return key


def _can_verify(operations: object) -> bool:
    return isinstance(operations, list) and "verify" in operations


def _to_verification_key(key: object) -> VerificationKey:
    match key:
        case RSAPublicKey() if key.key_size >= _SHORTEST_RSA:
            return VerificationKey("RS256", key)
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return VerificationKey("ES256", key)
        case Ed25519PublicKey():
            return VerificationKey("EdDSA", key)
        case _:
            raise KeyRefused("the key must be RSA with at least 2048 bits, P-256 or Ed25519")
