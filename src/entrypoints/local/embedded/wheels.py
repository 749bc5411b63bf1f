from importlib.util import find_spec
from pathlib import Path

from entrypoints.local.embedded.errors import CannotStart


def bundled(package: str, *place: str) -> str:
    """Return the path of a program that a package brings along; raises `CannotStart` without that package."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise CannotStart(
            f"The package {package}, which contains the embedded server, is not installed. Set "
            "CREWKIT_GIT_DATABASE_URL and CREWKIT_GIT_REDIS_URL to your own servers, or start with `make "
            "run`."
        )
    return str(Path(found.origin).parent.joinpath(*place))
