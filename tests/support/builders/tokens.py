"""Keys and tokens for tests of authentication: good ones, and every way to forge one."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ISSUER = "https://issuer.example"
AUDIENCE = "crewkit-git"
USER = UUID("7a0c8f2e-6c1d-4d57-9d53-0f6f2b1f8a10")


@cache
def rsa_key(_name: str = "first", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Give the RSA key of this name, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def p256_key() -> ec.EllipticCurvePrivateKey:
    """Give a P-256 key, made once."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    """Give an Ed25519 key, made once."""
    return ed25519.Ed25519PrivateKey.generate()


def now() -> datetime:
    """Give the present time, which signers go by."""
    return datetime.now(UTC)


def public_pem(key: PrivateKey) -> str:
    """Give the public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: PrivateKey) -> bytes:
    """Give the private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_jwk(key: PrivateKey, key_id: str, **members: str) -> dict[str, Any]:
    """Give the public half as a member of a JWK set."""
    public = key.public_key()
    match public:
        case rsa.RSAPublicKey():
            jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
        case ec.EllipticCurvePublicKey():
            jwk = ECAlgorithm.to_jwk(public, as_dict=True)
        case ed25519.Ed25519PublicKey():
            jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**jwk, "kid": key_id, **members}


def claims(now: datetime, **changes: object) -> dict[str, Any]:
    """Give the claims of a user's sound token, with these changes; None leaves one out."""
    sound = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(USER),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    return {name: value for name, value in {**sound, **changes}.items() if value is not None}


def sign_token(content: dict[str, Any], key: PrivateKey, key_id: str | None = None) -> str:
    """Sign with the algorithm the key is for."""
    algorithm = {"RSA": "RS256", "Ell": "ES256", "ECP": "ES256", "Ed2": "EdDSA"}[type(key).__name__[:3]]
    return jwt.encode(content, key, algorithm, headers={"kid": key_id} if key_id else None)


def forge_token(header: dict[str, Any], content: dict[str, Any], signature: bytes = b"") -> str:
    """Put a token together by hand, as libraries refuse to."""
    return ".".join((base64url(_json(header)), base64url(_json(content)), base64url(signature)))


def sign_by_hand(content: dict[str, Any]) -> str:
    """Sign with the RSA key whatever the claims are, where libraries refuse odd ones."""
    message = f"{base64url(_json({'alg': 'RS256', 'typ': 'JWT'}))}.{base64url(_json(content))}"
    return f"{message}.{base64url(rsa_key().sign(message.encode(), PKCS1v15(), SHA256()))}"


def sign_with_public_key(content: dict[str, Any], pem: str) -> str:
    """Forge an HS256 token whose secret is the RSA public key, which anyone has."""
    message = f"{base64url(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{base64url(_json(content))}"
    return f"{message}.{base64url(hmac.digest(pem.encode(), message.encode(), hashlib.sha256))}"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def base64url(value: bytes) -> str:
    """Encode as JWTs do, without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
