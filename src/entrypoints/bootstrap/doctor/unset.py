from entrypoints.doctor.findings import Check, Finding, fail, note
from entrypoints.setting_table import PREFIX
from entrypoints.settings import Settings


def unset(settings: Settings, about: str, name: str, remedy: str) -> Check:
    """Return a check that lacks its setting; in production the settings' own check says what is wrong."""
    said = f"It cannot be looked at without {PREFIX}{name}."

    async def look() -> list[Finding]:
        return [fail(about, said, remedy) if settings.is_development else note(about, said)]

    return Check(about, look, remedy)
