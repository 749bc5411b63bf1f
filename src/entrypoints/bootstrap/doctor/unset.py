from entrypoints.doctor.findings import Check, Finding, fail, note
from entrypoints.setting_table import PREFIX
from entrypoints.settings import Settings


def unset(settings: Settings, about: str, name: str, remedy: str) -> Check:
    """Return a check whose setting is missing. In production, the settings check reports the failure."""
    message = f"Not checked, because {PREFIX}{name} is not set."

    async def look() -> list[Finding]:
        return [fail(about, message, remedy) if settings.is_development else note(about, message)]

    return Check(about, look, remedy)
