"""What Alembic runs for every command; `adapters.postgres.migrate` calls it and holds the lock."""

from alembic import context

from adapters.postgres.tables import metadata


def _run() -> None:
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        dialect_name="postgresql",
        target_metadata=metadata,
        version_table=attributes["version_table"],
        transaction_per_migration=True,
        as_sql=context.is_offline_mode(),
        on_version_apply=attributes["on_version_apply"],
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
