"""Names and addresses of machines."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1.

    Names that merely resolve to this machine are not: who answers for them could change.
    """
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
