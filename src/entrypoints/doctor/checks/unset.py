from collections.abc import Sequence

from entrypoints.doctor.findings import Check, Finding, fail, note
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import PREFIX


def unset(settings: Settings, about: str, names: Sequence[str], remedy: str) -> Check:
    """Return a check whose settings are missing. In production, the settings check reports the failure."""
    missing = " and ".join(f"{PREFIX}{name}" for name in names)
    message = f"Not checked, because {missing} {'is' if len(names) == 1 else 'are'} not set."

    async def look() -> list[Finding]:
        return [fail(about, message, remedy) if settings.is_development else note(about, message)]

    return Check(about, look, remedy)
