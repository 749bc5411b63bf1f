"""The published schema of GitHub's webhooks, as a check of payloads."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

_FILE = Path(__file__).parents[2] / "data" / "webhooks" / "octokit-webhooks.schema.json"


def check_payload(event: str, payload: dict[str, Any]) -> None:
    """Assert that GitHub could have sent this; the schema allows nothing it does not name."""
    _validator(event).validate(payload)


@cache
def _validator(event: str) -> Draft7Validator:
    definitions = _definitions()
    name = f"{event}_event" if f"{event}_event" in definitions else f"{event}$event"
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


@cache
def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_bytes())["definitions"]
    return found
