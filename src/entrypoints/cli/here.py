"""The environment that commands beside a running service work in."""

from collections.abc import Mapping
from pathlib import Path

from entrypoints.development.demo import running_demo, with_running_demo
from entrypoints.setting_table import PREFIX
from entrypoints.up.keys import development_environment


def environment_here(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the service's processes: of those that `up` runs here, if it does."""
    environment = with_running_demo(given)
    home = Path(environment.get(f"{PREFIX}HOME") or ".crewkit-git")
    if running_demo(home) is None:
        return environment
    return {**environment, **development_environment(home, environment)}
