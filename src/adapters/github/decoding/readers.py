from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.github.api.calls import Response
from adapters.github.decoding.tolerant import TolerantDecoder

S = TypeVar("S", bound=msgspec.Struct)


def make_reader(shape: type[S]) -> Callable[[Response], S]:
    """Return a function that reads an object of this shape from a reply, and notes its odd parts there."""
    decode = TolerantDecoder(shape).decode
    return lambda response: decode(response.body, response.skipped)


def make_list_reader(shape: type[S]) -> Callable[[Response], list[S]]:
    """Return a function that reads a list of objects of this shape from a reply, without its odd rows."""
    rows: type[list[S]] = list[shape]  # type: ignore[valid-type] # built at run time
    decode = TolerantDecoder(rows).decode
    return lambda response: decode(response.body, response.skipped)


def ignore_body(_reply: Response) -> None:
    """Read nothing from a reply."""
