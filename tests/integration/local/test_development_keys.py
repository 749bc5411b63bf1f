"""Development keys are made once and shown to nobody else."""

from pathlib import Path

import jwt

from entrypoints.settings.settings import Settings
from local.keys import development_environment

DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}


def test_creates_keys_once(tmp_path: Path) -> None:
    """The second start uses the keys of the first, with all settings."""
    first = development_environment(tmp_path, {})
    assert development_environment(tmp_path, {}) == first
    settings = Settings.from_environment({**DEVELOPMENT, **first, "CREWKIT_GIT_HOME": str(tmp_path)})
    assert settings.github_webhook_secrets
    assert settings.encryption_keys
    token = jwt.encode({"sub": "someone"}, settings.development_key.read_bytes(), algorithm="RS256")
    assert settings.auth_public_key is not None
    assert jwt.decode(token, settings.auth_public_key, algorithms=["RS256"]) == {"sub": "someone"}


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    """Each file has mode 600 in a directory of mode 700."""
    development_environment(tmp_path, {})
    keys = tmp_path / "dev-keys"
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in keys.iterdir()} == dict.fromkeys(
        ("webhook_secret", "encryption_keys", "auth_private.pem", "auth_public.pem"), "0o600"
    )


def test_environment_has_precedence(tmp_path: Path) -> None:
    """A given secret is not replaced, and a given key server disables the local key."""
    given = {"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": "mine", "CREWKIT_GIT_AUTH_JWKS_URL": "https://crewkit.example/jwks"}
    made = development_environment(tmp_path, given)
    assert not {*given, "CREWKIT_GIT_AUTH_PUBLIC_KEY"} & made.keys()


def test_replaces_incomplete_keys(tmp_path: Path) -> None:
    """An interrupted start may leave them."""
    keys = tmp_path / "dev-keys"
    keys.mkdir()
    (keys / "webhook_secret.new").write_text("hal")
    made = development_environment(tmp_path, {})
    assert len(made["CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS"]) == 64
