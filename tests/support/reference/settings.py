"""The table of settings."""

from entrypoints.settings.setting import PROCESSES
from entrypoints.settings.table import SETTINGS
from tests.support.reference.tables import code, table


def settings() -> str:
    """Return the table of all environment variables."""
    rows = (
        (
            code(setting.variable),
            code(setting.default or ""),
            ", ".join(process for process in PROCESSES if process in setting.needed_by),
            setting.doc,
        )
        for setting in SETTINGS
    )
    return table(("Variable", "Default", "Required by", "Description"), rows)
