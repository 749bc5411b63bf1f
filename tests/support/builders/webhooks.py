"""GitHub's deliveries as the protocol sees them: headers, bytes, and payload files to send."""

import hmac
from collections.abc import Mapping
from pathlib import Path

from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.secret import Secret

ROOT = Path(__file__).parents[3]
PAYLOADS = sorted(
    [
        *(ROOT / "deploy" / "demo" / "payloads").glob("*/*.json"),
        *(ROOT / "tests" / "data" / "webhooks" / "own").glob("*/*.json"),
        *(ROOT / "tests" / "data" / "webhooks" / "octokit").glob("*/*.json"),
    ]
)
SIGNATURE = b"x-hub-signature-256"
SECRET = "vB7q tests 9XkLr2 Zm4w"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def protocol(*secrets: str) -> GitHubWebhooks:
    """Return the protocol accepting these secrets, by default the one below."""
    return GitHubWebhooks([Secret(secret) for secret in secrets or (SECRET,)])


def signature(body: bytes, secret: str = SECRET) -> bytes:
    """Return what GitHub writes in the signature header."""
    return b"sha256=" + hmac.digest(secret.encode(), body, "sha256").hex().encode()


def sign_headers(
    body: bytes, event: bytes = b"push", delivery: bytes = DELIVERY.encode(), secret: str = SECRET
) -> Mapping[bytes, bytes]:
    """Return the headers of a delivery, as a server hands them on."""
    return {
        b"host": b"git.crewkit.example",
        b"user-agent": b"GitHub-Hookshot/1d2f3c4",
        b"content-type": b"application/json",
        b"x-github-event": event,
        b"x-github-delivery": delivery,
        b"x-hub-signature": b"sha1=" + b"0" * 40,
        SIGNATURE: signature(body, secret),
    }


def label_of(path: Path) -> str:
    """Name a payload file by where it is from, its event and its name."""
    origin = "demo" if "demo" in path.parts else path.parts[-3]
    return f"{origin} {path.parent.name}/{path.stem}"
