import re
from pathlib import Path

from adapters.postgres.stores.encrypted_values import list_encrypted_columns

SRC = Path(__file__).parents[2] / "src"


def test_every_encrypted_column_is_marked() -> None:
    """Rotation finds ciphertexts by the marks, so it would miss a column without a mark."""
    places = {match for file in SRC.rglob("*.py") for match in re.findall(r"f?\"(\w+)\.(\w+):\{", file.read_text())}

    assert len(places) >= 7
    assert places <= set(list_encrypted_columns())
