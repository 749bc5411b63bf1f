"""The scopes that commands accept are the ones the policy knows."""

import re
from pathlib import Path

import adapters.oso_policy
from core.domain.permissions import SCOPES


def test_scopes_equal_the_policy() -> None:
    """A scope without a rule would be accepted and allow nothing."""
    policy = Path(adapters.oso_policy.__file__).parent / "policy"
    text = "\n".join(file.read_text() for file in policy.glob("*.polar"))
    assert set(re.findall(r'^scope_allows(?:_account)?\("([^"]+)"', text, re.MULTILINE)) == SCOPES
