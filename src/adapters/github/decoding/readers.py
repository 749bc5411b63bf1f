from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.github.api.calls import Reply
from adapters.github.decoding.tolerant import TolerantDecoder

S = TypeVar("S", bound=msgspec.Struct)


def reader(shape: type[S]) -> Callable[[Reply], S]:
    """Return a function that reads an object of this shape from a reply, and notes its odd parts there."""
    decode = TolerantDecoder(shape).decode
    return lambda reply: decode(reply.body, reply.odd)


def list_reader(shape: type[S]) -> Callable[[Reply], list[S]]:
    """Return a function that reads a list of objects of this shape from a reply, without its odd rows."""
    rows: type[list[S]] = list[shape]  # type: ignore[valid-type] # built at run time
    decode = TolerantDecoder(rows).decode
    return lambda reply: decode(reply.body, reply.odd)


def nothing(_reply: Reply) -> None:
    """Read nothing from a reply."""
