"""The keys of a development installation. They are created once and then read."""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from entrypoints.development.tokens import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER
from entrypoints.process.private_files import write_private
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.sources import is_given, to_setting_name


def development_environment(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a development process needs and `given` lacks.

    The first call creates the keys in `dev-keys`. Only the owner can read them.
    """
    keys = home / "dev-keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    private = _read_or_create(keys / "auth_private.pem", _new_private_key)
    public = keys / "auth_public.pem"
    write_private(public, _public_key_of(private))
    variables = {
        f"{PREFIX}GITHUB_WEBHOOK_SECRETS": _read_or_create(keys / "webhook_secret", _new_secret).decode(),
        f"{PREFIX}ENCRYPTION_KEYS": _read_or_create(keys / "encryption_keys", _new_encryption_keys).decode(),
        f"{PREFIX}AUTH_ISSUER": DEVELOPMENT_ISSUER,
        f"{PREFIX}AUTH_AUDIENCE": DEVELOPMENT_AUDIENCE,
    }
    if not is_given(given, "AUTH_JWKS_URL"):
        variables[f"{PREFIX}AUTH_PUBLIC_KEY"] = str(public)
    return {name: value for name, value in variables.items() if not is_given(given, to_setting_name(name))}


def _read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    # A power loss can leave a file that was just written empty.
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
