"""The tables of REST endpoints, one for each chapter of the API description."""

from collections.abc import Mapping

from entrypoints.rest.http.operations import Access, Operation, Tag
from tests.support.reference.tables import code, table
from tests.support.scenarios.rest import list_all_operations

_AUTHENTICATION: Mapping[Access, str] = {
    Access.CALLER: "bearer token or session cookie",
    Access.USER: "bearer token or session cookie",
    Access.SIGNATURE: "webhook signature",
    Access.ANYONE: "none",
}
_MAX_CHARACTERS = 400


def endpoints() -> str:
    """Return a heading and a table for each tag."""
    operations = list_all_operations()
    return "\n\n".join(f"## {tag.value}\n\n{_table([each for each in operations if each.tag is tag])}" for tag in Tag)


def _table(operations: list[Operation]) -> str:
    rows = (
        (
            code(f"{operation.method} {operation.template}"),
            f"**{operation.summary}.** {_shorten(operation.description)}",
            _authentication(operation),
            "yes" if operation.takes_idempotency_key else "",
        )
        for operation in operations
    )
    return table(("Method and path", "Description", "Authentication", "`Idempotency-Key`"), rows)


def _authentication(operation: Operation) -> str:
    if operation.path.endswith("/callback"):
        return "state and cookie of the browser flow"
    return _AUTHENTICATION[operation.access]


def _shorten(description: str) -> str:
    """Return the first sentence if the description is too long for a table. OpenAPI has all of it."""
    return description if len(description) <= _MAX_CHARACTERS else f"{description.partition('. ')[0]}."
