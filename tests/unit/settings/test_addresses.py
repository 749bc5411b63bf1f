"""The form in which addresses are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.attribution.authors import MAX_ADDRESS, normalize_address


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("mara@acme.example", "mara@acme.example"),
        ("  Mara@ACME.Example \n", "mara@acme.example"),
        # One letter, or a letter and its accent.
        ("zoe\u0308@acme.example", "zo\u00eb@acme.example"),
        ("ZO\u00cb@acme.example", "zo\u00eb@acme.example"),
        # The sign of Kelvin is canonically the letter.
        ("mi\u212ae@acme.example", "mike@acme.example"),
        # Folding would make one of these two people.
        ("gro\u00df@acme.example", "gro\u00df@acme.example"),
        ("gross@acme.example", "gross@acme.example"),
        # Look-alikes are others.
        ("\u043cara@acme.example", "\u043cara@acme.example"),
        ("\uff4dara@acme.example", "\uff4dara@acme.example"),
        # A domain may be written in letters or in ASCII.
        ("zo\u00eb@gr\u00f6\u00dfe.example", "zo\u00eb@xn--gre-6ka8i.example"),
        ("mara@B\u00dcCHER.example", "mara@xn--bcher-kva.example"),
        ("mara@XN--BCHER-KVA.example", "mara@xn--bcher-kva.example"),
        # An at sign may be quoted; the last one counts.
        ('"a@b"@acme.example', '"a@b"@acme.example'),
        (None, ""),
        ("", ""),
        ("mara", ""),
        ("@acme.example", ""),
        ("mara@", ""),
        ("a" * MAX_ADDRESS + "@acme.example", ""),
    ],
)
def test_normalizes_an_address(written: str | None, normal: str) -> None:
    """Case and equivalent spellings do not count; invalid addresses have no normal form."""
    assert normalize_address(written) == normal


@given(st.text(max_size=40), st.text(max_size=40))
def test_normalizing_is_idempotent(local: str, domain: str) -> None:
    """For any text."""
    once = normalize_address(f"{local}@{domain}")
    assert normalize_address(once) == once
    assert "@" in once or once == ""
