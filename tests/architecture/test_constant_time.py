"""What somebody could guess byte by byte is compared in constant time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GUESSABLE = re.compile(r"signature|secret|cookie|_hash\b|hashed|verifier|password|challenge")
# Distinguishes two requests of one caller: there is nothing to guess.
_HARMLESS = {("src/core/domain/idempotency.py", "request_hash == self.request_hash")}
# Fakes of a provider or a database do not run in production.
_STAND_INS = ("testing/memory/", "sandbox/")


def comparisons() -> Iterator[tuple[str, str]]:
    """Find every `==` and `!=` of what runs in production that has something guessable on a side."""
    for file in sorted((ROOT / "src").rglob("*.py")):
        if str(file.relative_to(ROOT)).startswith(_STAND_INS):
            continue
        source = file.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                if any(_GUESSABLE.search(side) for side in sides):
                    yield str(file.relative_to(ROOT)), " == ".join(sides)


def test_secrets_are_not_compared_with_equals() -> None:
    """Use `hmac.compare_digest` on bytes. Comparisons of ciphertexts and in SQL do not count."""
    assert set(comparisons()) == _HARMLESS


def test_each_kind_of_secret_is_compared_in_constant_time() -> None:
    """Signatures of deliveries, cookies of browser flows, and states."""
    uses = {
        str(file.relative_to(ROOT)) for file in (ROOT / "src").rglob("*.py") if "compare_digest" in file.read_text()
    }
    assert {"src/adapters/github/protocol/webhooks.py", "src/core/domain/flows/flow.py"} <= uses
