"""Where clients find what listens anywhere."""

from entrypoints.settings.values import Address

ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound to


def reachable(address: Address) -> Address:
    """Give an address that clients on this machine can use, where the given one means any."""
    return Address(ANY_HOST.get(address.host, address.host), address.port)
