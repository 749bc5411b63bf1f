from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Selection = Literal["all", "selected"]


@dataclass(slots=True)
class App:
    """A registered GitHub App with its secrets."""

    id: int
    slug: str
    name: str
    owner_id: int
    url: str
    client_id: str
    client_secret: str
    webhook_secret: str
    public_key: str
    hook_id: int
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    webhook_url: str | None = None
    webhook_active: bool = True
    callback_urls: list[str] = field(default_factory=list)
    setup_url: str | None = None
    request_oauth_on_install: bool = False
    setup_on_update: bool = False
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    @property
    def installation_permissions(self) -> dict[str, str]:
        """The permissions that owners grant. Each person grants the account permissions separately."""
        return {name: level for name, level in self.permissions.items() if name not in ACCOUNT_PERMISSIONS}

    @property
    def reads_emails(self) -> bool:
        """Whether people who authorize the app share their email addresses."""
        return not ACCOUNT_PERMISSIONS.isdisjoint(self.permissions)


# Manifests and the API use different names for the same permission.
ACCOUNT_PERMISSIONS = frozenset({"emails", "email_addresses"})


@dataclass(slots=True)
class Installation:
    """An app on an account. `repository_ids` is used only if `repository_selection` is `selected`."""

    id: int
    app_id: int
    account_id: int
    repository_selection: Selection
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    updated_at: datetime
    repository_ids: set[int] = field(default_factory=set)
    suspended_at: datetime | None = None
    suspended_by_id: int | None = None


@dataclass(slots=True)
class InstallationRequest:
    """A member's request to the owners of an account to install an app."""

    id: int
    app_id: int
    account_id: int
    requester_id: int
    repository_selection: Selection
    repository_ids: set[int]
    created_at: datetime


@dataclass(slots=True)
class Registration:
    """An app created from a manifest, whose secrets can be fetched once."""

    code: str
    app_id: int
    private_key: str
    created_at: datetime
