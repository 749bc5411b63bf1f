"""What every `Cipher` promises."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from ports.encryption import Cipher, CiphertextRefused

PLACE = "git_integrations.access_token:0d1e"
ELSEWHERE = "git_integrations.access_token:77aa"
TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"


def key(key_id: str) -> tuple[str, Secret]:
    """Make a key."""
    return key_id, Secret(base64.b64encode(os.urandom(32)).decode())


OLD, NEW = key("old"), key("new")


@pytest.fixture(params=[AesGcmCipher], ids=["aes-gcm"])
def ring(request: pytest.FixtureRequest) -> type[Cipher]:
    """Give each adapter's class, which is made with keys, newest first."""
    made: type[Cipher] = request.param
    return made


@pytest.fixture
def cipher(ring: type[AesGcmCipher]) -> Cipher:
    """Give a cipher with two keys."""
    return ring([NEW, OLD])


@given(st.text())
def test_decrypts_encrypted_text(text: str) -> None:
    """Any text, including the empty one."""
    cipher = AesGcmCipher([NEW])

    assert cipher.decrypt(cipher.encrypt(Secret(text), context=PLACE), context=PLACE).reveal() == text


def test_ciphertext_shows_its_key_and_hides_the_secret(cipher: Cipher) -> None:
    """Operators can see which rows still need an old key."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)

    assert ciphertext.startswith("v1.new.")
    assert cipher.read_key_id(ciphertext) == "new"
    with pytest.raises(CiphertextRefused):
        cipher.read_key_id("no ciphertext")
    assert TOKEN not in ciphertext


def test_equal_secrets_have_different_ciphertexts(cipher: Cipher) -> None:
    """The database does not show which users share a token."""
    assert cipher.encrypt(Secret(TOKEN), context=PLACE) != cipher.encrypt(Secret(TOKEN), context=PLACE)


def test_rejects_a_ciphertext_in_another_row(cipher: Cipher) -> None:
    """An attacker with write access to the database cannot copy a tenant's token to another row."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)

    with pytest.raises(CiphertextRefused):
        cipher.decrypt(ciphertext, context=ELSEWHERE)


def test_rejects_each_damaged_byte(cipher: Cipher) -> None:
    """Version, key id, nonce, ciphertext and tag are all authenticated."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)
    for position, character in enumerate(ciphertext[:-1]):  # the last may hold bits that mean nothing
        other = "A" if character != "A" else "B"
        with pytest.raises(CiphertextRefused):
            cipher.decrypt(ciphertext[:position] + other + ciphertext[position + 1 :], context=PLACE)


@pytest.mark.parametrize(
    "text", ["", "v1", "v1.new", "v1.new.", "v1.new.AAAA", "v2.new.AAAA", "v1..AAAA", "v1.new.é", TOKEN, "v1.a b.AA"]
)
def test_rejects_text_that_is_not_a_ciphertext(cipher: Cipher, text: str) -> None:
    """A plain-text value stored by mistake is rejected, and the error does not contain it."""
    with pytest.raises(CiphertextRefused) as refusal:
        cipher.decrypt(text, context=PLACE)

    assert TOKEN not in refusal.value.message


def test_decrypts_and_recognizes_old_ciphertexts_after_rotation(ring: type[AesGcmCipher]) -> None:
    """A new key comes first, and the old key stays until all rows are current."""
    ciphertext = ring([OLD]).encrypt(Secret(TOKEN), context=PLACE)
    rotated = ring([NEW, OLD])

    assert rotated.decrypt(ciphertext, context=PLACE).reveal() == TOKEN
    assert not rotated.is_current(ciphertext)
    assert rotated.is_current(rotated.encrypt(Secret(TOKEN), context=PLACE))


def test_names_a_missing_key(ring: type[AesGcmCipher]) -> None:
    """The operator has to know which key to restore."""
    ciphertext = ring([OLD]).encrypt(Secret(TOKEN), context=PLACE)

    with pytest.raises(CiphertextRefused, match="`old` is not configured"):
        ring([NEW]).decrypt(ciphertext, context=PLACE)


def test_rejects_another_key_with_the_same_id(ring: type[AesGcmCipher]) -> None:
    ciphertext = ring([key("same")]).encrypt(Secret(TOKEN), context=PLACE)

    with pytest.raises(CiphertextRefused):
        ring([key("same")]).decrypt(ciphertext, context=PLACE)


BAD_RINGS: dict[str, tuple[list[tuple[str, Secret]], str]] = {
    "empty": ([], "empty"),
    "short key": ([("k1", Secret(base64.b64encode(b"x" * 16).decode()))], "`k1` has 16 bytes instead of 32"),
    "not base64": ([("k1", Secret("not base64!"))], "`k1` is not base64"),
    "same id twice": ([key("k1"), key("k1")], "same id"),
    "odd id": ([key("k.1")], "a key id must have"),
}


@pytest.mark.parametrize(("keys", "message"), BAD_RINGS.values(), ids=BAD_RINGS.keys())
def test_rejects_a_bad_key_ring_at_construction(
    ring: type[AesGcmCipher], keys: list[tuple[str, Secret]], message: str
) -> None:
    """The service does not start with unusable keys, and no message contains a key."""
    with pytest.raises(ValueError, match=message):
        ring(keys)
