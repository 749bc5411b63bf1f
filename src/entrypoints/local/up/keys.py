"""Make the keys of a development installation once, and read them ever after."""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from entrypoints.local.up.private_file import write_private
from entrypoints.settings.sources import is_given, setting_name
from entrypoints.settings.table import PREFIX

DEVELOPMENT_ISSUER = "https://crewkit.localhost"
DEVELOPMENT_AUDIENCE = "crewkit-git"


def development_environment(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a development process needs and the given environment lacks.

    The keys are made in `dev-keys` at the first call, readable by their owner alone.
    """
    keys = home / "dev-keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    private = _kept(keys / "auth_private.pem", _new_private_key)
    public = keys / "auth_public.pem"
    write_private(public, _public_key_of(private))
    made = {
        f"{PREFIX}GITHUB_WEBHOOK_SECRETS": _kept(keys / "webhook_secret", _new_secret).decode(),
        f"{PREFIX}ENCRYPTION_KEYS": _kept(keys / "encryption_keys", _new_encryption_keys).decode(),
        f"{PREFIX}AUTH_ISSUER": DEVELOPMENT_ISSUER,
        f"{PREFIX}AUTH_AUDIENCE": DEVELOPMENT_AUDIENCE,
    }
    if not is_given(given, "AUTH_JWKS_URL"):
        made[f"{PREFIX}AUTH_PUBLIC_KEY"] = str(public)
    return {name: value for name, value in made.items() if not is_given(given, setting_name(name))}


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    # An empty file is what a power loss leaves of one that was just written.
    if not path.exists() or not path.stat().st_size:
        write_private(path, make())
    return path.read_bytes()


def _new_secret() -> bytes:
    return secrets.token_hex(32).encode()


def _new_encryption_keys() -> bytes:
    return b"dev1:" + base64.b64encode(secrets.token_bytes(32))


def _new_private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_key_of(private: bytes) -> bytes:
    return (
        serialization.load_pem_private_key(private, password=None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
