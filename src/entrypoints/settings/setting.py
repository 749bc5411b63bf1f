"""A setting: one environment variable, how it is parsed, and its documentation."""

from collections.abc import Callable
from dataclasses import dataclass

PREFIX = "CREWKIT_GIT_"
DEFAULT_HOME = ".crewkit-git"
PROCESSES = ("api", "grpc", "worker", "scheduler", "migrate", "events", "recover-deliveries", "keys")
EVERY_PROCESS = frozenset(PROCESSES)
SERVING = frozenset({"api", "grpc", "worker", "scheduler"})
API = frozenset({"api"})
GRPC = frozenset({"grpc"})
AUTHENTICATING = frozenset({"api", "grpc"})
# Workers do not call the provider.
CALLING_PROVIDER = frozenset({"api", "grpc", "scheduler", "recover-deliveries"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `docs/reference/settings.md` has the documentation of all."""

    name: str
    parse: Callable[[str], object]
    doc: str
    remedy: str
    default: str | None = None
    needed_by: frozenset[str] = frozenset()
    used_by: frozenset[str] | None = None
    """The processes that validate it; None for all. Other processes ignore it, even if it is wrong."""
    assumed_in_development: bool = False
    """Whether development uses the API's own address if it is not set."""
    parse_file: Callable[[str], object] | None = None
    """Parses the content of its `_FILE`, if not like the variable."""
    standard_variables: tuple[str, ...] = ()
    """Variables that other programs use for the same purpose, read if this variable is not set."""
    takes_path: bool = False
    """Whether the value may be the path of a file."""
    takes_lines: bool = False
    """Whether the value may have several lines: PEM text, and lists in a file."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name

    @property
    def field(self) -> str:
        """The field of `Settings` it fills."""
        return self.name.lower()
