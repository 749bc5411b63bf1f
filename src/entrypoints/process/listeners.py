"""Listening sockets. An address that cannot be used is reported with the setting that names it."""

import errno
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from entrypoints.settings.values import Address


class CannotStart(Exception):
    """The process cannot start. The message says why and what to do, and is shown without a stack trace."""


def listen(address: Address, variable: str) -> list[socket.socket]:
    """Listen on every address of the host; `localhost` has two. Raises `CannotStart`, which names the setting."""
    with explain_listen_errors(address, f"set {variable} to another address."), ExitStack() as stack:
        results = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        endpoints = dict.fromkeys((family, endpoint) for family, _, _, _, endpoint in results)
        sockets = [stack.enter_context(socket.create_server(endpoint, family=family)) for family, endpoint in endpoints]
        stack.pop_all()
        return sockets


def require_free_address(address: Address, variable: str) -> Address:
    """Return the address, with a free port instead of port 0; raises `CannotStart`, which names the setting.

    Another program may take the port before this process listens on it.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(probe) for probe in listen(address, variable)]
        return Address(address.host, sockets[0].getsockname()[1])


def format_addresses(sockets: Iterable[socket.socket]) -> str:
    """Return the addresses of these sockets, for logs."""
    return ", ".join(str(Address(*listener.getsockname()[:2])) for listener in sockets)


@contextmanager
def explain_listen_errors(address: Address, remedy: str) -> Iterator[None]:
    """Turn errors of the block into `CannotStart`: why the address cannot be used, and what to do."""
    try:
        yield
    except socket.gaierror:
        raise CannotStart(f"The host {address.host} cannot be resolved. To fix this, {remedy}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"{address} is already in use{_describe_holder(address.port)}. Stop that process, or {remedy}"
            ) from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotStart(f"Cannot listen on {address} ({reason}). To fix this, {remedy}") from None


def _describe_holder(port: int) -> str:
    """Return which process listens on the port, if this user may know it."""
    import psutil  # noqa: PLC0415 - only needed for this error

    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid is not None:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # macOS permits this for root only
    return ""
