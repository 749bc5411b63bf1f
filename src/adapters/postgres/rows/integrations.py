"""Rows of `git_integrations` (as `i`) and of `git_repositories` (as `r`)."""

import msgspec

from adapters.postgres.rows.mapping import Column, RowMapping, coded
from core.domain.catalog.repository import Repository
from core.domain.integrations.integration import Integration, IntegrationStatus

INTEGRATIONS = RowMapping(
    Integration,
    "i",
    {"status": coded({IntegrationStatus.ACTIVE: 0, IntegrationStatus.SUSPENDED: 1, IntegrationStatus.REVOKED: 2})},
)
REPOSITORIES = RowMapping(
    Repository, "r", {"integration_id": Column("git_integration_id"), "stored_visibility": Column("visibility")}
)

_row_decoder = msgspec.json.Decoder(tuple[INTEGRATIONS.types])  # type: ignore[name-defined] # not known statically


def decode_integration(text: str) -> Integration:
    """Return the integration of a row of `INTEGRATIONS` that is one JSON array."""
    return INTEGRATIONS.to_domain(_row_decoder.decode(text))
