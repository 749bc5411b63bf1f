from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.encrypted_values import PostgresEncryptedValueStore
from core.use_cases.tokens.reencrypt_values import ReencryptValues
from entrypoints.bootstrap.application import create_cipher
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of the settings, and what they encrypt."""

    key_ids: tuple[str, ...]
    """Newest first."""

    reseal: ReencryptValues


@asynccontextmanager
async def open_key_ring(settings: Settings) -> AsyncIterator[KeyRing]:
    """Open the keys and the stored values that they encrypt."""
    assert settings.database_url is not None  # required for this command
    database = Database(settings.database_url.reveal(), setting=f"{PREFIX}DATABASE_URL", max_connections=1)
    cipher = create_cipher(settings)
    try:
        yield KeyRing(
            tuple(key_id for key_id, _ in settings.encryption_keys),
            ReencryptValues(PostgresEncryptedValueStore(database), cipher),
        )
    finally:
        await database.close()
