from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.encrypted_values import PostgresSealedValueStore
from adapters.secrets.cipher import AesGcmCipher, NoKeys
from core.use_cases.tokens.reencrypt_values import ResealValues
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import PREFIX
from ports.cipher import Cipher


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of the settings, and what they encrypt."""

    key_ids: tuple[str, ...]
    """Newest first."""

    reseal: ResealValues


def create_cipher(settings: Settings) -> Cipher:
    """Return the cipher with the keys of the settings, or a cipher that rejects all values."""
    setting = f"{PREFIX}ENCRYPTION_KEYS"
    if not settings.encryption_keys:
        return NoKeys(setting=setting)
    return AesGcmCipher(settings.encryption_keys, setting=setting)


@asynccontextmanager
async def open_key_ring(settings: Settings) -> AsyncIterator[KeyRing]:
    """Build what looks after the encryption keys."""
    assert settings.database_url is not None  # the settings refuse this command without one
    database = Database(settings.database_url.reveal(), connections=1)
    cipher = create_cipher(settings)
    try:
        yield KeyRing(
            tuple(key_id for key_id, _ in settings.encryption_keys),
            ResealValues(PostgresSealedValueStore(database), cipher),
        )
    finally:
        await database.close()
