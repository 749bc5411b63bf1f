import base64
import hashlib
import secrets
from dataclasses import dataclass

from core.domain.secret import Secret

_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class FlowSecrets:
    """The state of one step and the cookie of the flow, in plain text for the browser."""

    state: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Verifier:
    """A PKCE verifier and its challenge: https://www.rfc-editor.org/rfc/rfc7636#section-4."""

    secret: Secret
    challenge: str


def generate_token() -> str:
    """Return 256 random bits as text for a URL or a cookie."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def hash_token(token: str) -> bytes:
    """Return the hash that is stored of a state or a cookie. They are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def create_verifier() -> Verifier:
    """Return a new PKCE verifier."""
    token = generate_token()
    digest = hashlib.sha256(token.encode()).digest()
    return Verifier(Secret(token), base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
