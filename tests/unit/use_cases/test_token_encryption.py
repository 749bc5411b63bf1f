"""Whatever is encrypted opens in its own row and column, and nowhere else."""

import base64
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken
from core.domain.tokens.lease import EncryptedTokens
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.tokens.encryption import (
    decrypt_access_token,
    decrypt_for_revocation,
    decrypt_installation_token,
    decrypt_refresh_token,
    decrypt_verifier,
    encrypt_for_revocation,
    encrypt_installation_token,
    encrypt_user_tokens,
    encrypt_verifier,
)
from ports.encryption import CiphertextRefused
from tests.support.builders.domain import NOW, external

CIPHER = AesGcmCipher([("k1", Secret(base64.b64encode(bytes(32)).decode()))])
ROW, OTHER = external(1), external(2)
SECRET, REFRESH = Secret("s3cret"), Secret("refresh-s3cret")

USER = encrypt_user_tokens(CIPHER, ROW, UserTokens(SECRET, None, REFRESH, None))
REVOKED = encrypt_for_revocation(CIPHER, ROW, SECRET, REFRESH)
INSTALLATION = encrypt_installation_token(CIPHER, ROW, InstallationToken(SECRET, NOW, {}))
VERIFIER = encrypt_verifier(CIPHER, ROW, SECRET)

Opener = Callable[[UUID, str], Secret | None]
PLACES: dict[str, tuple[str, Opener]] = {
    "a user's access token": (
        USER.access,
        lambda row, text: decrypt_access_token(CIPHER, row, EncryptedTokens(text, None)),
    ),
    "a user's refresh token": (
        USER.refresh or "",
        lambda row, text: decrypt_refresh_token(CIPHER, row, EncryptedTokens("", None, text)),
    ),
    "an installation's token": (
        INSTALLATION.access,
        lambda row, text: decrypt_installation_token(CIPHER, row, EncryptedTokens(text, None)),
    ),
    "a verifier": (VERIFIER, lambda row, text: decrypt_verifier(CIPHER, row, text)),
    "an access token to be revoked": (
        REVOKED.access,
        lambda row, text: decrypt_for_revocation(CIPHER, row, EncryptedTokens(text, None))[0],
    ),
    "a refresh token to be revoked": (
        REVOKED.refresh or "",
        lambda row, text: decrypt_for_revocation(CIPHER, row, replace(REVOKED, refresh=text))[1],
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_decrypts_in_its_column(place: str) -> None:
    """The stored text contains nothing of the secret."""
    text, opener = PLACES[place]
    opened = opener(ROW, text)
    assert opened is not None
    assert opened.reveal() in ("s3cret", "refresh-s3cret")
    assert "s3cret" not in text


@pytest.mark.parametrize("place", PLACES)
def test_does_not_decrypt_in_another_row(place: str) -> None:
    text, opener = PLACES[place]
    with pytest.raises(CiphertextRefused):
        opener(OTHER, text)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("moved_from", PLACES)
def test_does_not_decrypt_in_another_column(place: str, moved_from: str) -> None:
    """Of the same row, too."""
    if place != moved_from:
        with pytest.raises(CiphertextRefused):
            PLACES[place][1](ROW, PLACES[moved_from][0])
