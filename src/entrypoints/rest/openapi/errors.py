"""The errors that an operation can return besides those it lists: they follow from its other fields."""

from collections.abc import Sequence

from core.domain.actors import ActingUserRefused, KeysUnavailable, TokenRefused
from core.domain.errors import DomainError, StorageConflict, StorageTooSlow, StorageUnavailable
from core.domain.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from core.domain.integrations.integration import IntegrationNotActive, IntegrationNotFound
from core.domain.organizations import OrganizationNotFound, UserNotFound
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import (
    AccountSuspended,
    AddressNotAllowed,
    AnswerUnreadable,
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    LoginBlocked,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    ProviderUnknown,
    RateLimited,
    RepositoryBlocked,
    SingleSignOnRequired,
)
from core.use_cases.authorization import UserRequired
from entrypoints.edge.calls import QueryInvalid
from entrypoints.rest.http.authentication import SAFE_METHODS, OriginNotAllowed
from entrypoints.rest.http.operations import Access, Operation
from entrypoints.rest.http.requests import BodyInvalid
from ports.encryption import CiphertextRefused

Errors = Sequence[type[DomainError]]

OF_CATALOG: Errors = [IntegrationNotFound, IntegrationNotActive]
"""Errors of operations that need the repository catalog."""

OF_APP: Errors = [ProviderUnavailable, AnswerUnreadable, RateLimited, AppRefused, LoginBlocked]
"""Errors of a call to the provider as the app, while the caller waits."""

OF_PROVIDER: Errors = [
    *OF_APP,
    CredentialRefused,
    InstallationSuspended,
    InstallationGone,
    PermissionMissing,
    SingleSignOnRequired,
    AddressNotAllowed,
    AccountSuspended,
    RepositoryBlocked,
    NotVisible,
    CiphertextRefused,
]
"""Errors of a call to the provider for an installation or a user, while the caller waits."""

OF_CALLBACK: Errors = [*OF_PROVIDER, StorageUnavailable, StorageTooSlow, StorageConflict]
"""Errors of an operation that continues a browser flow, with or without a session."""


def errors_of(operation: Operation) -> list[type[DomainError]]:
    """Return all errors of an operation."""
    errors = [*operation.errors]
    if operation.access is not Access.SIGNATURE:
        errors.append(QueryInvalid)
    if operation.body is not None:
        errors.append(BodyInvalid)
    if operation.access.is_authenticated:
        errors += [TokenRefused, KeysUnavailable, ActingUserRefused, UserNotFound, StorageUnavailable, StorageTooSlow]
        errors += [OriginNotAllowed, StorageConflict] if operation.method not in SAFE_METHODS else []
    if operation.access is Access.USER:
        errors.append(UserRequired)
    if operation.takes_idempotency_key:
        errors += [IdempotencyKeyInvalid, IdempotencyKeyReused]
    if "{org_id" in operation.path:
        errors += [OrganizationNotFound, ActionForbidden]
    if "{provider" in operation.path:
        errors.append(ProviderUnknown)
    return list(dict.fromkeys(errors))
