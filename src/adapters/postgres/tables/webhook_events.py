"""Webhook events, which are also the queue; domain events; delivery recovery; reported faults."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from adapters.postgres.tables.metadata import Timestamp, create_write_times, metadata, primary_key

# Every delivery pays for each index, so all indexes but two contain only the rows that are searched.
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
    # The signed body, compressed and stored out of line; null after retention deleted it.
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
    *create_write_times(),
    Column("source_key", Text),
    # Of the newest attempt, like `verdicts`, `error_message` and `processed_at`.
    Column("started_at", Timestamp),
    Column("error_code", Text),
    Column("requested_by", Text),
    # What the payload says, for lists; null until the event is processed.
    Column("summary", JSONB),
    # The commit of a push, or `#` and the number of a pull request.
    Column("search_key", Text(collation="C")),
    UniqueConstraint("delivery_id", "provider"),  # users search by delivery id alone
    Index("git_webhook_events_body_key_idx", "body_key", unique=True, postgresql_where=text("body_key IS NOT NULL")),
    Index("git_webhook_events_pending_idx", "lane", "id", postgresql_where=text("status = 'pending'")),
    Index("git_webhook_events_unrouted_idx", "installation_id", postgresql_where=text("status = 'unrouted'")),
    Index(
        "git_webhook_events_unrouted_key_idx",
        "source_key",
        postgresql_where=text("status = 'unrouted' AND source_key IS NOT NULL"),
    ),
    Index("git_webhook_events_failed_idx", "id", postgresql_where=text("status = 'failed'")),
    # An event is in this index only after routing, so receiving does not pay for it.
    Index(
        "git_webhook_events_kind_idx",
        "git_integration_id",
        "status",
        "event_type",
        "id",
        postgresql_where=text("git_integration_id IS NOT NULL"),
    ),
    # Unlinking sets these to null, and must not read all webhook events for it.
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
    # By bytes, so that the beginning of a commit's hash finds it.
    Index(
        "git_webhook_events_search_key_idx",
        "git_integration_id",
        "search_key",
        "id",
        postgresql_where=text("git_integration_id IS NOT NULL AND search_key IS NOT NULL"),
    ),
    # Few rows: failed events and retried ones. An event that was just received has no integration yet.
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

# The attempts that were followed by another one; the newest attempt of an event is in its row.
git_webhook_event_attempts = Table(
    "git_webhook_event_attempts",
    metadata,
    Column(
        "git_webhook_event_id",
        ForeignKey("git_webhook_events.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("requested_by", Text),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("result", Text, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("verdicts", JSONB),
)

# The batch that the drain of each lane is processing; without event ids after its end.
git_batch_starts = Table(
    "git_batch_starts",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("drain_id", Uuid, nullable=False),
    Column("event_ids", ARRAY(BigInteger)),
    Column("started_at", Timestamp, nullable=False),
)

# How often processing ended in each hour (of UTC), by status and class of durations.
git_webhook_event_counts = Table(
    "git_webhook_event_counts",
    metadata,
    Column("git_integration_id", ForeignKey("git_integrations.id"), primary_key=True),
    Column("hour", Timestamp, primary_key=True),
    Column("status", String, primary_key=True),
    Column("duration_class", SmallInteger, primary_key=True, autoincrement=False),
    Column("events", Integer, nullable=False),
)

# The sum of the hours of each day of UTC, so that figures of a month read few rows.
git_webhook_event_days = Table(
    "git_webhook_event_days",
    metadata,
    Column("git_integration_id", ForeignKey("git_integrations.id"), primary_key=True),
    Column("day", Timestamp, primary_key=True),
    Column("status", String, primary_key=True),
    Column("duration_class", SmallInteger, primary_key=True, autoincrement=False),
    Column("events", BigInteger, nullable=False),
)

# The progress of retention, by the kind of data it deletes.
git_retention = Table(
    "git_retention",
    metadata,
    Column("subject", String, primary_key=True),
    Column("reached_id", BigInteger, nullable=False),
)

# There are no foreign keys: domain events outlive the webhook events and links they refer to.
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
    # Consumers of an organization continue after their own cursors.
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


git_recoveries = Table(
    "git_recoveries",
    metadata,
    Column("provider", String, primary_key=True),
    Column("compared_until", Timestamp),  # by the provider's clock
    Column("compared_at", Timestamp, nullable=False),
)

# A row is deleted when the delivery is stored. Without `next_attempt_at` recovery has given up.
git_missing_deliveries = Table(
    "git_missing_deliveries",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("provider", String, primary_key=True),
    Column("logged_id", BigInteger, nullable=False),  # of the newest attempt, which is requested
    Column("event_type", String, nullable=False),
    Column("delivered_at", Timestamp, nullable=False),  # the first attempt, by the provider's clock
    Column("acted_on", Boolean, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Timestamp),
    Column("reason", String),
    *create_write_times(),
)

# Faults that many processes detect and one reports, such as a rejected private key.
git_faults = Table(
    "git_faults", metadata, Column("fault", String, primary_key=True), Column("met_at", Timestamp, nullable=False)
)
