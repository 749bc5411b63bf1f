from collections.abc import Collection

from core.domain.provider import ProviderUnknown


def require_supported(provider: str, supported: Collection[str]) -> None:
    """Raise `ProviderUnknown`, which names those there are, unless this is one of them."""
    if provider not in supported:
        raise ProviderUnknown(f"This provider is not supported. Use one of: {', '.join(sorted(supported))}.")
