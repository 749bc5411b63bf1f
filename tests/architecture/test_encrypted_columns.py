import re
from pathlib import Path

from adapters.postgres.stores.encrypted_values import encrypted_columns

SRC = Path(__file__).parents[2] / "src"


def test_every_place_something_is_sealed_for_is_marked_as_encrypted() -> None:
    """Whoever looks through all ciphertexts goes by the marks: a column without one would be forgotten."""
    places = {match for file in SRC.rglob("*.py") for match in re.findall(r"f?\"(\w+)\.(\w+):\{", file.read_text())}

    assert len(places) >= 7
    assert places <= set(encrypted_columns())
