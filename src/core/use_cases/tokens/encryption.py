"""Encryption of tokens for one table, column and row. A copy in another place cannot be decrypted."""

from uuid import UUID

from core.domain.integrations.integration import EncryptedWebhookSecret
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken
from core.domain.tokens.lease import EncryptedTokens
from core.domain.tokens.user_tokens import UserTokens
from ports.encryption import Cipher


def encrypt_installation_token(cipher: Cipher, external_id: UUID, minted: InstallationToken) -> EncryptedTokens:
    """Encrypt an installation's token for its integration's row."""
    context = f"git_integrations.access_token:{external_id}"
    return EncryptedTokens(cipher.encrypt(minted.token, context=context), minted.expires_at)


def decrypt_installation_token(cipher: Cipher, external_id: UUID, encrypted: EncryptedTokens) -> Secret:
    """Return the decrypted value; raises `CiphertextRefused`."""
    return cipher.decrypt(encrypted.access, context=f"git_integrations.access_token:{external_id}")


def encrypt_webhook_secret(cipher: Cipher, external_id: UUID, secret: Secret) -> EncryptedWebhookSecret:
    """Encrypt an integration's webhook secret for its row."""
    context = f"git_integrations.webhook_secret:{external_id}"
    return EncryptedWebhookSecret(external_id, cipher.encrypt(secret, context=context))


def decrypt_webhook_secret(cipher: Cipher, encrypted: EncryptedWebhookSecret) -> Secret:
    """Return the decrypted value; raises `CiphertextRefused`."""
    context = f"git_integrations.webhook_secret:{encrypted.external_id}"
    return cipher.decrypt(encrypted.ciphertext, context=context)


def encrypt_for_revocation(
    cipher: Cipher, external_id: UUID, access: Secret, refresh: Secret | None
) -> EncryptedTokens:
    """Encrypt tokens for the row that stores them until they are revoked."""
    return EncryptedTokens(
        cipher.encrypt(access, context=f"git_token_revocations.access_token:{external_id}"),
        None,
        cipher.encrypt(refresh, context=f"git_token_revocations.refresh_token:{external_id}") if refresh else None,
    )


def decrypt_for_revocation(
    cipher: Cipher, external_id: UUID, encrypted: EncryptedTokens
) -> tuple[Secret, Secret | None]:
    """Return the access token and the refresh token; raises `CiphertextRefused`."""
    access = cipher.decrypt(encrypted.access, context=f"git_token_revocations.access_token:{external_id}")
    if encrypted.refresh is None:
        return access, None
    return access, cipher.decrypt(encrypted.refresh, context=f"git_token_revocations.refresh_token:{external_id}")


def encrypt_user_tokens(cipher: Cipher, external_id: UUID, tokens: UserTokens) -> EncryptedTokens:
    """Encrypt a user's tokens for the row of their connection."""
    access = cipher.encrypt(tokens.access_token, context=f"user_git_connections.access_token:{external_id}")
    refresh = None
    if tokens.refresh_token is not None:
        context = f"user_git_connections.refresh_token:{external_id}"
        refresh = cipher.encrypt(tokens.refresh_token, context=context)
    return EncryptedTokens(access, tokens.expires_at, refresh)


def decrypt_access_token(cipher: Cipher, external_id: UUID, encrypted: EncryptedTokens) -> Secret:
    """Return the access token of a user; raises `CiphertextRefused`."""
    return cipher.decrypt(encrypted.access, context=f"user_git_connections.access_token:{external_id}")


def decrypt_refresh_token(cipher: Cipher, external_id: UUID, encrypted: EncryptedTokens) -> Secret | None:
    """Return the refresh token, if there is one; raises `CiphertextRefused`."""
    if encrypted.refresh is None:
        return None
    return cipher.decrypt(encrypted.refresh, context=f"user_git_connections.refresh_token:{external_id}")


def encrypt_read_token(cipher: Cipher, external_id: UUID, token: Secret) -> str:
    """Encrypt a read token for the row of its lease."""
    return cipher.encrypt(token, context=f"git_token_leases.access_token:{external_id}")


def decrypt_read_token(cipher: Cipher, external_id: UUID, encrypted: str) -> Secret:
    """Return the decrypted value; raises `CiphertextRefused`."""
    return cipher.decrypt(encrypted, context=f"git_token_leases.access_token:{external_id}")


def encrypt_verifier(cipher: Cipher, external_id: UUID, verifier: Secret) -> str:
    """Return the verifier, encrypted for its flow's row."""
    return cipher.encrypt(verifier, context=_verifier_context(external_id))


def decrypt_verifier(cipher: Cipher, external_id: UUID, encrypted: str) -> Secret:
    """Return the decrypted verifier; raises `CiphertextRefused`."""
    return cipher.decrypt(encrypted, context=_verifier_context(external_id))


def _verifier_context(external_id: UUID) -> str:
    return f"git_flows.pkce_verifier:{external_id}"
