from collections.abc import Callable
from textwrap import dedent

from alembic import op


def create_upgrade(*statements: str) -> Callable[[], None]:
    """Return the function of a migration that runs these statements in order."""

    def upgrade() -> None:
        _run(statements)

    return upgrade


def create_downgrade(*statements: str) -> Callable[[], None]:
    """Return the function that undoes a migration by these statements. Alembic reports it by its name."""

    def downgrade() -> None:
        _run(statements)

    return downgrade


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.execute(dedent(statement).strip())
