"""Names and addresses of machines."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1.

    Other names that resolve to this machine do not count: their addresses can change.
    """
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
