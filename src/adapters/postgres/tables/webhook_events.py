"""The ledger of deliveries, which is also the queue, and the outbox of domain events."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from adapters.postgres.tables.metadata import Timestamp, metadata, primary_key, written_at

# Each index here is paid for by every delivery, so all but two hold only the rows that someone looks for.
git_webhook_events = Table(
    "git_webhook_events",
    metadata,
    primary_key(),
    Column("git_integration_id", ForeignKey("git_integrations.id")),
    Column("project_repository_id", ForeignKey("project_repositories.id", ondelete="SET NULL")),
    Column("provider", String, nullable=False),
    Column("event_type", String, nullable=False),
    Column("delivery_id", String, nullable=False),
    Column("action", String),
    # The source key: a key that is a number is in `installation_id`, any other key in `source_key`.
    Column("installation_id", BigInteger),
    Column("repo_id", String),
    Column("lane", SmallInteger, nullable=False),
    Column("source", String, nullable=False, server_default="received"),
    # What was signed, compressed; kept out of line, and gone once retention took it.
    Column("payload", LargeBinary),
    Column("payload_length", Integer, nullable=False),
    Column("payload_sha256", LargeBinary, nullable=False),
    # Of the signed bytes, the event type and the source key; null if a provider may send the bytes again.
    Column("body_key", LargeBinary),
    Column("status", String, nullable=False, server_default="pending"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Timestamp, nullable=False, server_default=func.now()),
    Column("verdicts", JSONB),
    Column("project_ids", ARRAY(BigInteger)),
    Column("error_message", Text),
    Column("processed_at", Timestamp),
    *written_at(),
    Column("source_key", Text),
    UniqueConstraint("delivery_id", "provider"),  # people look deliveries up by id alone
    Index("git_webhook_events_body_key_idx", "body_key", unique=True, postgresql_where=text("body_key IS NOT NULL")),
    Index("git_webhook_events_pending_idx", "lane", "id", postgresql_where=text("status = 'pending'")),
    Index("git_webhook_events_unrouted_idx", "installation_id", postgresql_where=text("status = 'unrouted'")),
    Index(
        "git_webhook_events_unrouted_key_idx",
        "source_key",
        postgresql_where=text("status = 'unrouted' AND source_key IS NOT NULL"),
    ),
    Index("git_webhook_events_failed_idx", "id", postgresql_where=text("status = 'failed'")),
    # Nothing received is in it before it is routed, so receiving does not pay for it.
    Index(
        "git_webhook_events_kind_idx",
        "git_integration_id",
        "status",
        "event_type",
        "id",
        postgresql_where=text("git_integration_id IS NOT NULL"),
    ),
    # Unlinking sets these to null, and must not read the whole ledger for it.
    Index(
        "git_webhook_events_project_repository_idx",
        "project_repository_id",
        postgresql_where=text("project_repository_id IS NOT NULL"),
    ),
    Index(
        "git_webhook_events_project_ids_idx",
        "project_ids",
        postgresql_using="gin",
        postgresql_where=text("project_ids IS NOT NULL"),
    ),
    # Few: what failed, and what is retried. What was just received has no integration yet.
    Index(
        "git_webhook_events_open_repo_idx",
        "git_integration_id",
        "repo_id",
        "id",
        postgresql_where=text(
            "status IN ('failed', 'pending') AND git_integration_id IS NOT NULL AND repo_id IS NOT NULL"
        ),
    ),
)

# What each lane's drain is processing; no event ids once it has ended.
git_batch_starts = Table(
    "git_batch_starts",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("drain_id", Uuid, nullable=False),
    Column("event_ids", ARRAY(BigInteger)),
    Column("started_at", Timestamp, nullable=False),
)

# How far retention has come, by what it takes away.
git_retention = Table(
    "git_retention",
    metadata,
    Column("subject", String, primary_key=True),
    Column("reached_id", BigInteger, nullable=False),
)

# No foreign keys: the consumers' log outlives the ledger and the links it speaks of.
git_domain_events = Table(
    "git_domain_events",
    metadata,
    primary_key(),
    Column("type", String, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("organization_id", BigInteger, nullable=False),
    Column("project_id", BigInteger),
    Column("project_repository_id", BigInteger),
    Column("git_integration_id", BigInteger),
    Column("git_webhook_event_id", BigInteger),
    Column("repo_id", String),
    Column("occurred_at", Timestamp, nullable=False),
    # The clock's time, not the transaction's: it grows with the id.
    Column("recorded_at", Timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("data", JSONB, nullable=False),
    # Each organization's consumers go on from their own cursors.
    Index("git_domain_events_organization_id_id_idx", "organization_id", "id"),
    Index(
        "git_domain_events_once_idx",
        "git_webhook_event_id",
        "type",
        "project_repository_id",
        "repo_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("git_webhook_event_id IS NOT NULL"),
    ),
)
