"""Encryption keys are created, rotated at run time, and verified."""

import base64
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from click.testing import CliRunner

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.encrypted_values import PostgresEncryptedValueStore, list_encrypted_columns
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.secrets.cipher import AesGcmCipher
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken, TokenLease
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.connections.revoke_tokens import request_revocation
from core.use_cases.tokens.encryption import (
    decrypt_installation_token,
    encrypt_installation_token,
    encrypt_read_token,
    encrypt_user_tokens,
    encrypt_verifier,
)
from core.use_cases.tokens.reencrypt_values import ReencryptValues
from entrypoints.cli.keys import keys as keys_group
from ports.encryption import EncryptedValue
from testing.builders.entities import PROVIDER, now
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.clients import keys_command
from tests.support.clients.keys_command import Key

OLD, NEW, OTHER = (
    (name, Secret(base64.b64encode(sha256(bytes([number])).digest()).decode()))
    for number, name in enumerate(("old", "new", "other"))
)
COLUMNS = [f"{table}.{column}" for table, column in list_encrypted_columns()]
VALUES = len(COLUMNS)


@dataclass
class Kept:
    """A database in which every encrypted column has a value of the old key."""

    url: str
    integration: Integration


@pytest.fixture
async def kept(database_url: str) -> Kept:
    """Fill one."""
    world = PostgresStoreStage(database_url)
    cipher = AesGcmCipher([OLD])
    integration = await world.add_integration()
    connection = await world.add_connection(await world.add_user(), "7")
    tokens = UserTokens(Secret("access"), now(), Secret("refresh"), None)
    async with world.unit_of_work() as tx:
        minted = InstallationToken(Secret("minted"), now(), {})
        sealed = encrypt_installation_token(cipher, integration.external_id, minted)
        await tx.installation_tokens.replace(integration.id, sealed)
        await tx.user_tokens.replace(connection.id, encrypt_user_tokens(cipher, connection.external_id, tokens))
        await request_revocation(tx, cipher, PROVIDER, None, tokens, at=now())
        lease = uuid4()
        await tx.token_leases.add_token_lease(
            TokenLease(
                external_id=lease,
                organization_id=integration.organization_id,
                integration_id=integration.id,
                actor="service:builder",
                request_id=None,
                reason="a build",
                repo_ids=(RepoId("1"),),
                created_at=now(),
                expires_at=now() + timedelta(hours=1),
                sealed=encrypt_read_token(cipher, lease, Secret("read")),
            )
        )
        await tx.commit()
    request = await world.add_request(
        await world.add_organization("Zenith"), await world.add_user("jonas@acme.example")
    )
    verifier = encrypt_verifier(cipher, request.external_id, Secret("verifier"))
    # What GitHub needs not, and other providers may.
    secret = cipher.encrypt(Secret("secret"), context=f"git_integrations.webhook_secret:{integration.external_id}")
    async with world.database.session() as session:
        await session.change("UPDATE git_flows SET pkce_verifier = %s", (verifier,))
        await session.change("UPDATE git_integrations SET webhook_secret = %s", (secret,))
        await session.commit()
    values = PostgresEncryptedValueStore(world.database)
    for column in values.list_columns():
        assert len(await values.list_page(column, after=0, limit=10)) == 1, column
    assert len(values.list_columns()) == VALUES
    await world.database.close()
    return Kept(database_url, integration)


def keys(kept: Kept, command: str, *ring: Key) -> subprocess.CompletedProcess[str]:
    """Run `crewkit-git keys` on it."""
    return keys_command.keys(kept.url, command, *ring)


def test_settings_accept_a_new_key(kept: Kept) -> None:
    """Alone on standard output, so that it can be piped into a secret store."""
    made = [keys(kept, "new --id k2").stdout.strip() for _ in range(2)]
    assert made[0] != made[1]
    name, _, key = made[0].partition(":")
    found = keys(kept, "verify", (name, Secret(key)), OLD)
    assert (found.returncode, found.stdout.splitlines()[0]) == (0, "Keys, in order: k2, old. The first key encrypts.")
    named = {keys(kept, "new").stdout.partition(":")[0] for _ in range(2)}
    assert len(named) == 2, "two that are made on one day are both kept"
    assert all(name.startswith("k20") for name in named)


def test_rotates_a_key(kept: Kept) -> None:
    """Nothing is lost, and at the end the old key is not needed."""
    before = keys(kept, "verify", NEW, OLD)
    assert (before.returncode, before.stdout.splitlines()[1:]) == (
        0,
        [
            *(f"{column}: 1 with old" for column in COLUMNS),
            f"{VALUES} values. Not encrypted with the first key: {VALUES}.",
            "Run `crewkit-git keys rotate` to encrypt them with the first key. Until then, keep all keys.",
        ],
    )
    planned = keys(kept, "rotate --dry-run", NEW, OLD)
    assert f"Would be encrypted with the first key: {VALUES} of {VALUES} values." in planned.stdout
    rotated = keys(kept, "rotate", NEW, OLD)
    assert (rotated.returncode, rotated.stderr) == (0, "")
    assert f"Encrypted with the first key: {VALUES} of {VALUES} values." in rotated.stdout
    assert f"0 of {VALUES} values" in keys(kept, "rotate", NEW, OLD).stdout
    after = keys(kept, "verify", NEW)
    assert (after.returncode, after.stdout.splitlines()[1:]) == (
        0,
        [*(f"{column}: 1 with new" for column in COLUMNS), f"{VALUES} values. Not encrypted with the first key: 0."],
    )


def test_names_unreadable_values_and_keeps_them(kept: Kept) -> None:
    """Wrong keys destroy nothing, and no secret is shown."""
    for command in ("rotate", "verify"):
        refused = keys(kept, command, OTHER)
        assert refused.returncode == 1
        assert f"git_integrations.access_token of {kept.integration.external_id}." in refused.stderr
        assert "have to connect again" in refused.stderr
        assert OTHER[1].reveal() not in refused.stdout + refused.stderr
    assert keys(kept, "verify", OLD).returncode == 0


def test_reports_missing_keys_or_database(kept: Kept) -> None:
    """With the message of the settings."""
    none = keys(kept, "verify")
    assert (none.returncode, "CREWKIT_GIT_ENCRYPTION_KEYS" in none.stderr) == (1, True)


async def test_keeps_values_written_during_a_rotation(kept: Kept) -> None:
    """A refresh between reading and writing wins, because its tokens are the valid ones."""
    database = Database(kept.url)
    fresh = AesGcmCipher([NEW, OLD])
    minted = InstallationToken(Secret("minted later"), now(), {})
    sealed = encrypt_installation_token(fresh, kept.integration.external_id, minted)

    class LeaseLost(PostgresEncryptedValueStore):
        async def replace(self, column: str, changes: Sequence[tuple[EncryptedValue, str]]) -> int:
            if column == "git_integrations.access_token":
                async with PostgresUnitOfWork(database)() as tx:
                    await tx.installation_tokens.replace(kept.integration.id, sealed)
                    await tx.commit()
            return await super().replace(column, changes)

    renewed = {one.column: one.renewed async for one in ReencryptValues(LeaseLost(database), fresh)()}
    assert renewed["git_integrations.access_token"] == 0
    assert renewed["user_git_connections.refresh_token"] == 1
    async with PostgresUnitOfWork(database)() as tx:
        row = await tx.installation_tokens.find(kept.integration.id)
    assert row is not None
    assert row.tokens is not None
    token = decrypt_installation_token(fresh, kept.integration.external_id, row.tokens)
    assert token.reveal() == "minted later"
    await database.close()


async def test_rotates_in_batches(database_url: str) -> None:
    """Each value once, in the order of its rows."""
    world = PostgresStoreStage(database_url)
    cipher = AesGcmCipher([OLD])
    count = 1100
    async with world.unit_of_work() as tx:
        for number in range(count):
            tokens = UserTokens(Secret(f"access {number}"), now(), None, None)
            await request_revocation(tx, cipher, PROVIDER, None, tokens, at=now())
        await tx.commit()
    values = PostgresEncryptedValueStore(world.database)
    column = "git_token_revocations.access_token"
    renewed = [one async for one in ReencryptValues(values, AesGcmCipher([NEW, OLD]))() if one.column == column]
    assert [(one.read, one.renewed) for one in renewed] == [(500, 500), (1000, 1000), (1100, 1100)]
    alone = ReencryptValues(values, AesGcmCipher([NEW]))
    assert sum([one.read for one in [one async for one in alone()] if one.column == column][-1:]) == count
    await world.database.close()


@pytest.mark.parametrize("key_id", ["", "a:b", "a b", "a,b", "k" * 33, "schl\u00fcssel"])
def test_a_key_id_that_the_setting_refuses_is_not_printed(key_id: str) -> None:
    """The command shows the allowed form instead of a key that no process would accept."""
    done = CliRunner().invoke(keys_group, ["new", "--id", key_id])
    assert done.exit_code == 2
    assert "is not a key id. Use 1 to 32 letters, digits, `_` and `-`" in done.output
    assert done.stdout == ""
