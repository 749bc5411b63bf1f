"""Environments for tests of settings, and the problems that an environment has."""

import base64
from hashlib import sha256

import pytest

from entrypoints.settings.settings import Settings, SettingsRefused
from tests.support.builders import tokens

KEY = base64.b64encode(sha256(b"tests").digest()).decode()
NEWER, OLDER = "b1f64c07e2d9a358", "5a90d7e3c4f1b826"
PEM = tokens.public_pem(tokens.ed25519_key())
PRIVATE_PEM = tokens.private_pem(tokens.rsa_key()).decode()
PRODUCTION = {
    "CREWKIT_GIT_DATABASE_URL": "postgresql://crewkit:s3cret@db.internal:5432/crewkit",
    "CREWKIT_GIT_REDIS_URL": "redis://:s3cret@redis.internal:6379/0",
    "CREWKIT_GIT_DASHBOARD_URL": "https://app.crewkit.example/",
    "CREWKIT_GIT_PUBLIC_URL": "https://api.crewkit.example",
    "CREWKIT_GIT_GITHUB_CLIENT_ID": "Iv23li0123456789",
    "CREWKIT_GIT_GITHUB_CLIENT_SECRET": "s3cret",
    "CREWKIT_GIT_GITHUB_PRIVATE_KEY": PRIVATE_PEM.replace("\n", "\\n"),
    "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": f"{NEWER}, {OLDER}",
    "CREWKIT_GIT_ENCRYPTION_KEYS": f"k2:{KEY},k1:{KEY}",
    "CREWKIT_GIT_AUTH_PUBLIC_KEY": PEM,
    "CREWKIT_GIT_AUTH_ISSUER": "https://crewkit.example",
    "CREWKIT_GIT_AUTH_AUDIENCE": "crewkit-git",
}
DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}


def problems_of(env: dict[str, str], process: str | None = None) -> dict[str, str]:
    """Read an environment that is refused; give what is wrong by variable, without the prefix."""
    with pytest.raises(SettingsRefused) as refusal:
        Settings.from_environment(env, process=process)
    return {one.variable.removeprefix("CREWKIT_GIT_"): one.problem for one in refusal.value.problems}
