"""Find out whether an address can be listened on, before anything is started."""

import errno
import os
import socket

import psutil

from entrypoints.embedded.errors import CannotStart
from entrypoints.setting_values import Address

ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound to


def claimable(address: Address, variable: str) -> Address:
    """Give the address back, with a free port if it asks for any; raises `CannotStart` naming the setting.

    The port is free now and only probably later: another program may take it before ours does.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.create_server((address.host, address.port), family=family) as probe:
            return Address(address.host, probe.getsockname()[1])
    except socket.gaierror:
        raise CannotStart(f"{address.host} is not a known host: set {variable} to another address") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"{address} is in use{_holder(address.port)}: stop that, or set {variable} to another address"
            ) from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotStart(
            f"cannot listen on {address} ({reason}): set {variable} to another address"
        ) from None


def reachable(address: Address) -> Address:
    """Give an address that clients on this machine can use, where the given one means any."""
    return Address(ANY_HOST.get(address.host, address.host), address.port)


def _holder(port: int) -> str:
    """Say who listens there, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid is not None:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # macOS tells only root
    return ""
