"""Real processes that want the same token at the same time, against a provider that counts."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.identifiers import ProviderUserId
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.tokens.encryption import decrypt_refresh_token, encrypt_installation_token, encrypt_user_tokens
from testing.builders.entities import BY, PROVIDER, time_ago
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.fakes.counting_provider import CountingProvider, serve_provider
from tests.support.scenarios.ports import KEYS

ROOT = Path(__file__).parents[3]
CALLS = (7, 7, 6)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


async def test_twenty_requests_of_three_processes_mint_once(world: PostgresStoreStage) -> None:
    """The stored token has expired; one request mints, and all use the result."""
    integration = await world.add_integration()
    ended = InstallationToken(Secret("ended"), time_ago(minutes=1), {})
    async with world.unit_of_work() as tx:
        sealed = encrypt_installation_token(AesGcmCipher(KEYS), integration.external_id, ended)
        await tx.installation_tokens.replace(integration.id, sealed)
        await tx.commit()
    provider = CountingProvider("unused")

    tokens = await _twenty(world, provider, ORGANIZATION_ID=str(integration.organization_id))

    assert tokens == [_digest("mint_token-1")] * 20
    assert provider.calls == {"mint_token": 1}
    async with world.unit_of_work() as tx:
        row = await tx.installation_tokens.find(integration.id)
    assert row is not None
    assert (row.generation, row.lease) == (2, None)


async def test_twenty_requests_of_three_processes_refresh_once(world: PostgresStoreStage) -> None:
    """A refresh token works once: a second refresh would lock the user out."""
    connection = await _add_connection(world)
    ended = UserTokens(Secret("ended"), time_ago(minutes=1), Secret("once"), None)
    cipher = AesGcmCipher(KEYS)
    async with world.unit_of_work() as tx:
        sealed = encrypt_user_tokens(cipher, connection.external_id, ended)
        await tx.user_tokens.replace(connection.id, sealed)
        await tx.commit()
    provider = CountingProvider("once")

    tokens = await _twenty(world, provider, USER_ID=str(connection.user_id))

    assert tokens == [_digest("refresh-1")] * 20
    assert provider.calls == {"refresh": 1}
    async with world.unit_of_work() as tx:
        row = await tx.user_tokens.find(connection.id)
        known = await tx.connections.find(connection.user_id, PROVIDER)
    assert row is not None
    assert row.tokens is not None
    assert known is not None
    assert known.is_active
    refresh = decrypt_refresh_token(cipher, connection.external_id, row.tokens)
    assert refresh is not None
    assert refresh.reveal() == "refresh-1-refresh"


async def _twenty(world: PostgresStoreStage, provider: CountingProvider, **environment: str) -> list[str]:
    """Let three processes make twenty requests; the provider answers once all are made."""
    with serve_provider(provider) as url:
        callers = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.support.clients.token_process",
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "DATABASE_URL": world.url, "PROVIDER_URL": url, "CALLS": str(calls), **environment},
            )
            for calls in CALLS
        ]
        try:
            for caller in callers:
                assert caller.stdout is not None
                assert await caller.stdout.readline() == b"calling\n"
            provider.may_answer.set()
            answers = [await caller.communicate() for caller in callers]
        finally:
            for caller in callers:
                if caller.returncode is None:
                    caller.kill()
                    await caller.wait()
    assert [caller.returncode for caller in callers] == [0, 0, 0]
    return [digest for output, _ in answers for digest in json.loads(output)]


async def _add_connection(world: PostgresStoreStage) -> Connection:
    user = await world.add_user()
    async with world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId("7"),
            created_at=time_ago(days=1),
            updated_at=time_ago(days=1),
        )
        await tx.connections.apply([Change(None, connection, BY)])
        await tx.commit()
    return connection


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
