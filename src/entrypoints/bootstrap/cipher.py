from adapters.secrets.cipher import AesGcmCipher, NoKeys
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import PREFIX
from ports.encryption import Cipher


def create_cipher(settings: Settings) -> Cipher:
    """Return the cipher with the keys of the settings, or a cipher that rejects all values."""
    setting = f"{PREFIX}ENCRYPTION_KEYS"
    if not settings.encryption_keys:
        return NoKeys(setting=setting)
    return AesGcmCipher(settings.encryption_keys, setting=setting)
