from core.domain.provider import (
    AccessBlocked,
    CredentialRefused,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)

STOPS = (ProviderUnavailable, RateLimited, CredentialRefused, PermissionMissing, NotVisible, AccessBlocked)
"""What a provider may answer that ends a run: it has to wait until the next."""
