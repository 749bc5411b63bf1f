"""No table is forgotten by the audit trail."""

from adapters.postgres.tables import metadata
from tests.support.checks.audit import AUDITED, UNAUDITED


def test_every_table_is_audited_or_has_a_reason() -> None:
    """A new table is either written through `AuditedTable`, or listed with the reason why not."""
    assert AUDITED.keys() | UNAUDITED.keys() == metadata.tables.keys(), (
        "tests/support/checks/audit.py has to say of each table whether its changes are versions"
    )
    assert not AUDITED.keys() & UNAUDITED.keys()
    assert all(UNAUDITED.values())
