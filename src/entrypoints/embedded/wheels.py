from importlib.util import find_spec
from pathlib import Path

from entrypoints.embedded.errors import CannotStart


def bundled(package: str, *place: str) -> str:
    """Return the path of a program that a package brings along; raises `CannotStart` without that package."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise CannotStart(
            f"{package}, which brings the server for development, is not installed: "
            "set CREWKIT_GIT_DATABASE_URL and CREWKIT_GIT_REDIS_URL to servers of your own, or use `make run`"
        )
    return str(Path(found.origin).parent.joinpath(*place))
