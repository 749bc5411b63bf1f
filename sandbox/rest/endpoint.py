from collections.abc import Callable
from dataclasses import dataclass

from sandbox.rest.answers import Answer
from sandbox.rest.call import Call


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the API."""

    method: str
    path: str
    handle: Callable[[Call], Answer]
