"""The problems that keep Redis from waking workers, with a message and a remedy for operators."""

import re
from dataclasses import dataclass, replace

from redis import exceptions

_SETTING = "the Redis URL"


@dataclass(frozen=True, slots=True)
class QueueProblem:
    """A problem and its remedy."""

    message: str
    remedy: str
    is_unsupported: bool = False
    """Whether this kind of Redis can never be used."""

    def with_setting(self, name: str) -> "QueueProblem":
        """Return the problem with the name of the setting that has the URL, for operators."""
        return replace(self, remedy=self.remedy.replace(_SETTING, name))


CLUSTER = QueueProblem(
    "Redis runs in cluster mode, which is not supported.",
    f"Set {_SETTING} to a single Redis (cluster-enabled no). No data has to be moved to it.",
    is_unsupported=True,
)
SENTINEL = QueueProblem(
    "This is a Redis Sentinel, which is not supported.",
    f"Set {_SETTING} to the primary Redis itself, or to an address that always leads to the primary.",
    is_unsupported=True,
)
REPLICA = QueueProblem("This Redis is a read-only replica.", f"Set {_SETTING} to the primary Redis.")
EVICTING = QueueProblem(
    "Redis may evict notifications when its memory is full (maxmemory-policy is not noeviction).",
    "Set maxmemory-policy to noeviction. Nothing is lost meanwhile, but events may be processed late.",
)
_GRANT = "+@read +@write +@pubsub +@connection +@transaction +@scripting +info ~rq:* ~git:* &*"

# Matched against the first word and the text of an error. The first match counts.
_KNOWN: tuple[tuple[re.Pattern[str], QueueProblem], ...] = (
    (re.compile(r"MOVED|ASK |CROSSSLOT|CLUSTERDOWN|cluster mode|hash to the same slot|Slot"), CLUSTER),
    (re.compile(r"READONLY|read only replica"), REPLICA),
    (
        re.compile(r"NOAUTH|WRONGPASS|invalid username-password|[Aa]uthentication|without any password"),
        QueueProblem("Redis rejected the user or the password.", f"Correct the user and password in {_SETTING}."),
    ),
    (
        re.compile(r"NOPERM|has no permissions"),
        QueueProblem(
            "The Redis user has too few permissions.", f"Grant the user of {_SETTING}: ACL SETUSER … {_GRANT}"
        ),
    ),
    (
        re.compile(r"OOM|maxmemory"),
        QueueProblem("The memory of Redis is full.", "Raise maxmemory, or remove the data of other programs."),
    ),
    (
        re.compile(r"MISCONF"),
        QueueProblem(
            "Redis rejects writes, because it cannot save to its disk.", "Check the disk and the log of Redis."
        ),
    ),
    (
        re.compile(r"DB index|database index"),
        QueueProblem(
            "Redis has no database with this number.", f"Correct the number at the end of {_SETTING}; 0 always exists."
        ),
    ),
    (re.compile(r"LOADING"), QueueProblem("Redis is still loading its data.", "Wait until it has started.")),
    (
        re.compile(r"[Uu]nknown command"),
        QueueProblem(
            "Redis does not know a command that notifications of workers need.",
            f"Enable the command (rename-command), or set {_SETTING} to a Redis that permits it.",
            is_unsupported=True,
        ),
    ),
)


def diagnose(error: Exception) -> QueueProblem:
    """Return the problem that an error of Redis or of its connection indicates."""
    text = f"{_find_first_word(error)} {error}"
    for pattern, problem in _KNOWN:
        if pattern.search(text):
            return problem
    return QueueProblem(f"Redis does not respond ({type(error).__name__}).", f"Start Redis, or correct {_SETTING}.")


def _find_first_word(error: Exception) -> str:
    """Return the first word of an error, which the client removes from its text."""
    words = {
        exceptions.BusyLoadingError: "LOADING",
        exceptions.ReadOnlyError: "READONLY",
        exceptions.NoPermissionError: "NOPERM",
        exceptions.OutOfMemoryError: "OOM",
        exceptions.MovedError: "MOVED",
        exceptions.ClusterDownError: "CLUSTERDOWN",
        exceptions.ClusterCrossSlotError: "CROSSSLOT",
        exceptions.AuthenticationError: "NOAUTH",
    }
    return next((word for kind, word in words.items() if isinstance(error, kind)), "")
