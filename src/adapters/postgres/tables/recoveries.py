"""How far a provider's own log of deliveries was compared with the ledger, and what is missing."""

from sqlalchemy import BigInteger, Boolean, Column, SmallInteger, String, Table, text

from adapters.postgres.tables.metadata import Timestamp, metadata, written_at

git_recoveries = Table(
    "git_recoveries",
    metadata,
    Column("provider", String, primary_key=True),
    Column("compared_until", Timestamp),  # by the provider's clock
    Column("compared_at", Timestamp, nullable=False),
)

# Rows last until the ledger has the delivery; without `next_attempt_at` it is given up.
git_missing_deliveries = Table(
    "git_missing_deliveries",
    metadata,
    Column("delivery_id", String, primary_key=True),
    Column("provider", String, primary_key=True),
    Column("logged_id", BigInteger, nullable=False),  # of the newest attempt, to ask for
    Column("event_type", String, nullable=False),
    Column("delivered_at", Timestamp, nullable=False),  # the first attempt, by the provider's clock
    Column("acted_on", Boolean, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Timestamp),
    Column("reason", String),
    *written_at(),
)

# What many processes meet and one tells, such as a key that the provider refuses.
git_faults = Table(
    "git_faults", metadata, Column("fault", String, primary_key=True), Column("met_at", Timestamp, nullable=False)
)
