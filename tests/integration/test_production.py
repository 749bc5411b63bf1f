"""A production API believes nothing that was made for development. Seen on real processes."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from entrypoints.development.tokens import TokenSigner
from entrypoints.process.listeners import require_free_address
from entrypoints.settings.values import Address
from local.embedded.process import Process
from local.keys import development_environment
from local.services import services
from tests.support.builders import tokens
from tests.support.builders.deliveries import SECRET
from tests.support.fakes.people import MARA
from tests.support.servers.servers import temporary_home
from tests.support.servers.service import github_app

KEYS = f"k1:{base64.b64encode(sha256(b'tests').digest()).decode()}"


def environment(home: Path, database_url: str, redis_url: str, **changes: str) -> dict[str, str]:
    """Give what a production process is started with, beside a development home left lying there."""
    chosen = {
        "ENVIRONMENT": "production",
        "HOME": str(home),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DASHBOARD_URL": "https://app.crewkit.example",
        "PUBLIC_URL": "https://api.crewkit.example",
        "GITHUB_WEBHOOK_SECRETS": SECRET,
        "ENCRYPTION_KEYS": KEYS,
        "AUTH_PUBLIC_KEY": tokens.public_pem(tokens.rsa_key()),
        "AUTH_ISSUER": tokens.ISSUER,
        "AUTH_AUDIENCE": tokens.AUDIENCE,
        **github_app(),
        **changes,
    }
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    return inherited | {f"CREWKIT_GIT_{name}": text for name, text in chosen.items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with everything that `up` makes for development."""
    development_environment(tmp_path, {})
    owner = {"id": str(MARA.external_id), "email": MARA.email, "token": "t"}
    (tmp_path / "demo.json").write_text(json.dumps({"http_url": "x", "users": {"owner": owner}}))
    return tmp_path


@pytest.fixture
def url(home: Path, database_url: str, redis_url: str) -> Iterator[str]:
    """Run a production API."""
    address = require_free_address(Address("127.0.0.1", 0), "the address")
    with temporary_home() as supervised:
        given = environment(home, database_url, redis_url, HTTP_ADDR=str(address))
        process = Process(services(supervised, given, address, address, 1)[0])
        try:
            process.wait_until_ready()
            yield f"http://{address}"
        finally:
            process.stop()


def test_rejects_tokens_of_demo_users(home: Path, url: str) -> None:
    """Even with the right issuer and audience, and the demo files in its home."""
    signer = TokenSigner(
        (home / "dev-keys" / "auth_private.pem").read_bytes(), issuer=tokens.ISSUER, audience=tokens.AUDIENCE
    )
    forged = {"authorization": f"Bearer {signer.for_user(MARA.external_id)}"}
    own = tokens.sign_token(tokens.claims(tokens.now()), tokens.rsa_key())
    with httpx.Client(base_url=url) as client:
        refused = client.get("/api/v1/user", headers=forged)
        believed = client.get("/api/v1/user", headers={"authorization": f"Bearer {own}"})
        strayed = client.get("/api/v1/git/github/webhooks")
        page, form = client.get("/dev/sign-in"), client.post("/dev/sign-in", data={"email": MARA.email})

    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    assert (believed.status_code, believed.json()["code"]) == (401, "user_unknown")
    assert (page.status_code, form.status_code) == (404, 404)
    for answer in (page, strayed):
        assert answer.headers["strict-transport-security"] == "max-age=63072000"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_refuses_to_start_with_development_keys(home: Path) -> None:
    """The message names the settings, without the values."""
    keys = home / "dev-keys"
    given = environment(
        home,
        "postgresql://nowhere.example/x",
        "redis://nowhere.example/0",
        AUTH_PUBLIC_KEY=str(keys / "auth_public.pem"),
        ENCRYPTION_KEYS=(keys / "encryption_keys").read_text(),
    )
    command = [sys.executable, "-m", "entrypoints.cli.main", "api"]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode != 0
    for name in ("AUTH_PUBLIC_KEY", "ENCRYPTION_KEYS"):
        assert f"CREWKIT_GIT_{name}: this is the development key that `make run` created" in ended.stderr
    assert (keys / "encryption_keys").read_text() not in ended.stderr
