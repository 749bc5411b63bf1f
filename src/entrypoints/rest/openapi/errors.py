"""Which refusals an operation may answer beyond those it lists: known from what it is made of."""

from collections.abc import Sequence

from core.domain.errors import DomainError, StorageConflict, StorageTooSlow, StorageUnavailable
from core.domain.integrations.integration import IntegrationNotActive, IntegrationNotFound
from core.domain.organizations import OrganizationNotFound, UserNotFound
from core.domain.permissions import ActionForbidden
from core.domain.principals import ActingUserRefused, KeysUnavailable, TokenRefused
from core.domain.provider import (
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
from entrypoints.edge.query_errors import QueryRefused
from entrypoints.rest.http.authentication import SAFE_METHODS, OriginRefused
from entrypoints.rest.http.bodies import JsonRefused
from entrypoints.rest.http.idempotency import OF_KEYS
from entrypoints.rest.http.operations import Access, Operation
from ports.cipher import CiphertextRefused

Refusals = Sequence[type[DomainError]]

OF_CATALOG: Refusals = [IntegrationNotFound, IntegrationNotActive]
"""Of what needs an integration's catalog."""

OF_APP: Refusals = [ProviderUnavailable, AnswerUnreadable, RateLimited, AppRefused, LoginBlocked]
"""Of what calls the provider as the app while the caller waits."""

OF_PROVIDER: Refusals = [
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
"""Of what calls the provider for an installation or a user while the caller waits."""

OF_CALLBACK: Refusals = [*OF_PROVIDER, StorageUnavailable, StorageTooSlow, StorageConflict]
"""Of what continues a browser flow, with or without a session."""


def refusals_of(operation: Operation) -> list[type[DomainError]]:
    """Return all of an operation's, its own and those of everything like it."""
    changes = operation.method not in SAFE_METHODS
    found: list[type[DomainError]] = [*operation.refusals]
    if operation.access is not Access.SIGNATURE:
        found.append(QueryRefused)
    if operation.body is not None:
        found.append(JsonRefused)
    if operation.access in (Access.CALLER, Access.USER):
        found += [TokenRefused, KeysUnavailable, ActingUserRefused, UserNotFound]
        found += [StorageUnavailable, StorageTooSlow]
        found += [OriginRefused, StorageConflict] if changes else []
    if operation.takes_idempotency_key:
        found += OF_KEYS
    if "{org_id" in operation.path:
        found += [OrganizationNotFound, ActionForbidden]
    if "{provider" in operation.path:
        found.append(ProviderUnknown)
    return list(dict.fromkeys(found))
