"""Start the processes of this service as an operator does: by command line, with environment variables."""

import base64
import functools
import importlib.util
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from benchmarks.common.deliveries import SECRET
from benchmarks.common.errors import Unavailable
from benchmarks.common.server import Place, last_words

EVENTS = "git_webhook_events"
ISSUER, AUDIENCE = "https://issuer.example", "crewkit-git"
_MODULE = "entrypoints.cli.main"


def command(*arguments: str) -> list[str]:
    """Return the command line of a process of this service."""
    if importlib.util.find_spec("entrypoints.cli") is None:
        raise Unavailable("entrypoints.cli is missing")
    return [sys.executable, "-m", _MODULE, *arguments]


def settings(place: Place) -> Mapping[str, str]:
    """Return the settings of a production process at this place."""
    return {
        "CREWKIT_GIT_ENVIRONMENT": "production",
        "CREWKIT_GIT_HTTP_ADDR": f"127.0.0.1:{place.port}",
        "CREWKIT_GIT_DATABASE_URL": place.database_url,
        "CREWKIT_GIT_REDIS_URL": place.redis_url,
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
        "CREWKIT_GIT_AUTH_ISSUER": ISSUER,
        "CREWKIT_GIT_AUTH_AUDIENCE": AUDIENCE,
        "CREWKIT_GIT_PUBLIC_URL": f"http://127.0.0.1:{place.port}",
        "CREWKIT_GIT_DASHBOARD_URL": f"http://127.0.0.1:{place.port}",
        "CREWKIT_GIT_GITHUB_CLIENT_ID": "Iv23libench",
        "CREWKIT_GIT_GITHUB_CLIENT_SECRET": "not-a-secret",
        # Nobody answers there, and nobody is asked.
        "CREWKIT_GIT_GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        **_keys(),
    }


def migrate(environment: Mapping[str, str], log: Path) -> None:
    """Create the tables of this service."""
    with log.open("wb") as output:
        finished = subprocess.run(
            command("migrate"), env={**os.environ, **environment}, check=False, stdout=output, stderr=output
        )
    if finished.returncode != 0:
        raise Unavailable(f"migrate failed: {last_words(log)}")


@functools.cache
def _keys() -> Mapping[str, str]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    encryption_key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "CREWKIT_GIT_AUTH_PUBLIC_KEY": pem,
        "CREWKIT_GIT_GITHUB_PRIVATE_KEY": private,
        "CREWKIT_GIT_ENCRYPTION_KEYS": f"bench:{encryption_key}",
    }
