"""The API's description as a file, for those who generate clients. `make openapi` writes it."""

import json
from pathlib import Path

from entrypoints.rest.openapi.document import describe
from tests.support.scenarios.rest import COOKIE, list_production_operations

FILE = Path(__file__).parents[3] / "docs" / "openapi.json"


def text() -> str:
    """Give what the file must say."""
    return json.dumps(describe(list_production_operations(), cookie=COOKIE), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
