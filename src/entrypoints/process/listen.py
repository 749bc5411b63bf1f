"""Addresses to listen at: taken before they are told, or refused with the setting that names them."""

import errno
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from entrypoints.local.embedded.errors import CannotStart
from entrypoints.settings.values import Address


def listen(address: Address, variable: str) -> list[socket.socket]:
    """Listen wherever this host is: `localhost` is two addresses. Raises `CannotStart` naming the setting."""
    with explained(address, f"set {variable} to another address."), ExitStack() as taken:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places = dict.fromkeys((family, place) for family, _, _, _, place in found)
        sockets = [taken.enter_context(socket.create_server(place, family=family)) for family, place in places]
        taken.pop_all()
        return sockets


def claimable(address: Address, variable: str) -> Address:
    """Give the address back, with a free port if it asks for any; raises `CannotStart` naming the setting.

    The port is free now and only probably later: another program may take it before ours does.
    """
    with ExitStack() as probes:
        found = [probes.enter_context(probe) for probe in listen(address, variable)]
        return Address(address.host, found[0].getsockname()[1])


def told(sockets: Iterable[socket.socket]) -> str:
    """Say where these listen."""
    return ", ".join(str(Address(*one.getsockname()[:2])) for one in sockets)


@contextmanager
def explained(address: Address, remedy: str) -> Iterator[None]:
    """Say why nobody can listen there, with who does, and what to do; raises `CannotStart`."""
    try:
        yield
    except socket.gaierror:
        raise CannotStart(f"The host {address.host} cannot be resolved. To fix this, {remedy}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"{address} is already in use{_holder(address.port)}. Stop that process, or {remedy}"
            ) from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotStart(f"Cannot listen on {address} ({reason}). To fix this, {remedy}") from None


def _holder(port: int) -> str:
    """Say who listens there, as far as this user may know."""
    import psutil  # noqa: PLC0415 - only who is refused pays for it

    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid is not None:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # macOS tells only root
    return ""
