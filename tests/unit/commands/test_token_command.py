"""`crewkit-git token` makes tokens a development service accepts, and nothing in production."""

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from adapters.system import SystemClock
from core.domain.actors import Principal
from entrypoints.cli.token import token
from entrypoints.development.tokens import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER
from tests.support.builders import tokens
from tests.support.builders.deliveries import SECRET
from tests.support.fakes.people import MARA


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home as a running `up` leaves it."""
    (tmp_path / "dev-keys").mkdir()
    (tmp_path / "dev-keys" / "auth_private.pem").write_bytes(tokens.private_pem(tokens.rsa_key()))
    owner = {"id": str(MARA.external_id), "email": MARA.email, "token": "t"}
    (tmp_path / "demo.json").write_text(json.dumps({"users": {"owner": owner}}))
    return tmp_path


def run(home: Path, *arguments: str, **environment: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(token, arguments, env={"CREWKIT_GIT_HOME": str(home), **environment})


async def principal_of(made: Result) -> Principal:
    """Verify the token it printed, as a service that `up` started does."""
    assert made.exit_code == 0, made.output
    verifier = JwtVerifier(
        PinnedKey(tokens.public_pem(tokens.rsa_key())),
        SystemClock(),
        issuer=DEVELOPMENT_ISSUER,
        audience=DEVELOPMENT_AUDIENCE,
    )
    return await verifier.verify(made.stdout.strip())


@pytest.mark.parametrize("user", ["owner", MARA.email, MARA.email.upper(), str(MARA.external_id)])
async def test_user_can_be_a_role_address_or_id(home: Path, user: str) -> None:
    principal = await principal_of(run(home, user))

    assert principal.user_id == MARA.external_id
    assert principal.service is None


async def test_service_token_has_its_scopes(home: Path) -> None:
    """Like crewkit's tokens."""
    principal = await principal_of(run(home, "--service", "deployer", "--scope", "git.read", "--scope", "git.link"))

    assert (principal.service, principal.user_id) == ("deployer", None)
    assert principal.scopes == {"git.read", "git.link"}


async def test_expires_after_the_requested_time(home: Path) -> None:
    """The default is eight hours."""
    for arguments, lifetime in ((["owner"], timedelta(hours=8)), (["owner", "--ttl", "90s"], timedelta(seconds=90))):
        principal = await principal_of(run(home, *arguments))
        assert abs(principal.expires_at - datetime.now(UTC) - lifetime) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Pass either USER or --service."),
        (["owner", "--service", "deployer"], "Pass either USER or --service."),
        (["owner", "--scope", "git.read"], "--scope needs --service"),
        (
            ["--service", "deployer", "--scope", "git.write"],
            "'git.write' is not a scope. Known scopes: git.admin, git.events, git.link, git.read",
        ),
        (["nobody@example"], f"Known users: {MARA.email} (owner)"),
        (["owner", "--ttl", "1"], "1 is not a duration. Use a form such as 90s, 15m, 2h or 3d."),
        (["owner", "--ttl", "0h"], "0h is not a duration"),
    ],
)
def test_rejects_invalid_options_with_a_remedy(home: Path, arguments: list[str], why: str) -> None:
    """And prints no token."""
    refused = run(home, *arguments)

    assert refused.exit_code != 0
    assert why in refused.output
    assert "eyJ" not in refused.output


def test_production_creates_no_tokens(home: Path) -> None:
    """Even if there is a development key."""
    environment = {
        "CREWKIT_GIT_ENVIRONMENT": "production",
        "CREWKIT_GIT_DATABASE_URL": "postgresql://h/d",
        "CREWKIT_GIT_REDIS_URL": "redis://h",
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
        "CREWKIT_GIT_ENCRYPTION_KEYS": f"k1:{base64.b64encode(sha256(b'tests').digest()).decode()}",
        "CREWKIT_GIT_AUTH_PUBLIC_KEY": tokens.public_pem(tokens.rsa_key()),
        "CREWKIT_GIT_AUTH_ISSUER": "x",
        "CREWKIT_GIT_AUTH_AUDIENCE": "x",
    }
    refused = run(home, "owner", **environment)

    assert refused.exit_code == 1
    assert "In production, crewkit issues them" in refused.output


def test_missing_key_names_the_command_that_creates_it(tmp_path: Path) -> None:
    """`up` was never started, or with another home."""
    refused = run(tmp_path, str(MARA.external_id))

    assert refused.exit_code == 1
    assert "`make run` creates it" in refused.output


def test_without_a_running_demo_only_ids_are_known(home: Path) -> None:
    """`up` publishes the users while it runs."""
    (home / "demo.json").unlink()

    assert "demo.json does not exist" in run(home, "owner").output
    assert run(home, str(MARA.external_id)).exit_code == 0
