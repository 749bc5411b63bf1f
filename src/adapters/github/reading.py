from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.github.calls import Reply

S = TypeVar("S", bound=msgspec.Struct)


def reader(shape: type[S]) -> Callable[[Reply], S]:
    """Return what reads an object of this shape from a reply."""
    decode = msgspec.json.Decoder(shape).decode
    return lambda reply: decode(reply.body)


def list_reader(shape: type[S]) -> Callable[[Reply], list[S]]:
    """Return what reads a list of objects of this shape from a reply."""
    decode = msgspec.json.Decoder(list[shape]).decode  # type: ignore[valid-type] # built at run time
    return lambda reply: decode(reply.body)


def nothing(_reply: Reply) -> None:
    """Read nothing from a reply."""
