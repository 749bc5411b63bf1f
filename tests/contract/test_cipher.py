"""What every `Cipher` promises."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from ports.cipher import Cipher, CiphertextRefused

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
def test_what_was_encrypted_comes_back(text: str) -> None:
    """Any text, the empty one included."""
    cipher = AesGcmCipher([NEW])

    assert cipher.decrypt(cipher.encrypt(Secret(text), context=PLACE), context=PLACE).reveal() == text


def test_a_ciphertext_shows_its_key_and_nothing_of_the_secret(cipher: Cipher) -> None:
    """Operators can tell which rows still need an old key."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)

    assert ciphertext.startswith("v1.new.")
    assert cipher.key_of(ciphertext) == "new"
    with pytest.raises(CiphertextRefused):
        cipher.key_of("no ciphertext")
    assert TOKEN not in ciphertext


def test_equal_secrets_have_different_ciphertexts(cipher: Cipher) -> None:
    """The database does not show who shares a token."""
    assert cipher.encrypt(Secret(TOKEN), context=PLACE) != cipher.encrypt(Secret(TOKEN), context=PLACE)


def test_a_ciphertext_moved_to_another_place_does_not_decrypt(cipher: Cipher) -> None:
    """Whoever can write to the database cannot put one tenant's token into another's row."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)

    with pytest.raises(CiphertextRefused):
        cipher.decrypt(ciphertext, context=ELSEWHERE)


def test_every_damaged_byte_is_noticed(cipher: Cipher) -> None:
    """Version, key id, nonce, ciphertext and tag are all authenticated."""
    ciphertext = cipher.encrypt(Secret(TOKEN), context=PLACE)
    for position, character in enumerate(ciphertext[:-1]):  # the last may hold bits that mean nothing
        other = "A" if character != "A" else "B"
        with pytest.raises(CiphertextRefused):
            cipher.decrypt(ciphertext[:position] + other + ciphertext[position + 1 :], context=PLACE)


@pytest.mark.parametrize(
    "text", ["", "v1", "v1.new", "v1.new.", "v1.new.AAAA", "v2.new.AAAA", "v1..AAAA", "v1.new.é", TOKEN, "v1.a b.AA"]
)
def test_what_is_no_ciphertext_is_refused(cipher: Cipher, text: str) -> None:
    """A value stored in the clear by mistake is refused like any other, and not repeated in the message."""
    with pytest.raises(CiphertextRefused) as refusal:
        cipher.decrypt(text, context=PLACE)

    assert TOKEN not in refusal.value.message


def test_old_ciphertexts_decrypt_after_rotation_and_are_told_apart(ring: type[AesGcmCipher]) -> None:
    """A new key is put first and the old one stays until all rows are current."""
    ciphertext = ring([OLD]).encrypt(Secret(TOKEN), context=PLACE)
    rotated = ring([NEW, OLD])

    assert rotated.decrypt(ciphertext, context=PLACE).reveal() == TOKEN
    assert not rotated.is_current(ciphertext)
    assert rotated.is_current(rotated.encrypt(Secret(TOKEN), context=PLACE))


def test_a_missing_key_is_named(ring: type[AesGcmCipher]) -> None:
    """The one who must put it back needs to know which."""
    ciphertext = ring([OLD]).encrypt(Secret(TOKEN), context=PLACE)

    with pytest.raises(CiphertextRefused, match="`old` is not configured"):
        ring([NEW]).decrypt(ciphertext, context=PLACE)


def test_a_key_id_is_no_proof_of_a_key(ring: type[AesGcmCipher]) -> None:
    """Another key under the same id does not decrypt."""
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
def test_a_bad_key_ring_is_refused_at_construction(
    ring: type[AesGcmCipher], keys: list[tuple[str, Secret]], message: str
) -> None:
    """The service does not start with keys it could not use later, and no message shows one."""
    with pytest.raises(ValueError, match=message):
        ring(keys)
