"""Who changed what, which request was answered before, and when a secret was last used."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import Timestamp, metadata, primary_key

versions = Table(
    "versions",
    metadata,
    primary_key(),
    Column("item_type", String, nullable=False),
    Column("item_id", String, nullable=False),  # the item's external id
    # Whose trail shows it, and for which provider; both null for what is a person's own. No foreign key: the
    # trail outlives what it speaks of.
    Column("organization_id", BigInteger),
    Column("provider", String),
    Column("event", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("request_id", String),
    Column("changes", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Index("versions_item_type_item_id_id_idx", "item_type", "item_id", "id"),
    Index(
        "versions_organization_id_id_idx", "organization_id", "id", postgresql_where=text("organization_id IS NOT NULL")
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    primary_key(),
    Column("organization_id", ForeignKey("organizations.id"), nullable=False),
    Column("actor", String, nullable=False),
    Column("key", String, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("response", JSONB),
    Column("expires_at", Timestamp, nullable=False, index=True),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    UniqueConstraint("organization_id", "actor", "key"),
)

webhook_secret_uses = Table(
    "webhook_secret_uses",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("last_used_at", Timestamp, nullable=False),
)
