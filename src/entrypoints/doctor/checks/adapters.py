import os
from contextlib import AsyncExitStack

from entrypoints.bootstrap.extensions import check_adapters
from entrypoints.doctor.findings import Check, Finding, fail, ok
from entrypoints.settings.settings import Settings, SettingsRefused

_ABOUT = "adapters"


def adapter_checks(settings: Settings) -> list[Check]:
    """Return the check of the adapters that other packages provide, if the settings name any."""
    if not settings.adapters:
        return []

    async def check() -> list[Finding]:
        async with AsyncExitStack() as stack:
            try:
                check_adapters(settings.adapters, os.environ, stack)
            except SettingsRefused as refusal:
                return [fail(_ABOUT, f"{problem.problem}.", f"{problem.remedy}.") for problem in refusal.problems]
        configured = ", ".join(adapter.text for adapter in settings.adapters)
        return [ok(_ABOUT, f"All configured adapters match their ports: {configured}.")]

    return [Check(_ABOUT, check, "")]
