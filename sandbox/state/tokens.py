from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class InstallationToken:
    """What opens an installation's repositories; `repository_ids` is None where it was not narrowed."""

    token: str
    installation_id: int
    permissions: dict[str, str]
    expires_at: datetime
    repository_ids: set[int] | None = None


@dataclass(slots=True)
class UserToken:
    """What acts for a person through an app."""

    id: int
    token: str
    refresh_token: str
    app_id: int
    user_id: int
    created_at: datetime
    expires_at: datetime
    refresh_expires_at: datetime


@dataclass(slots=True)
class AuthorizationCode:
    """What a browser brings back; `redirect_uri` and `code_challenge` are None for one from installing."""

    code: str
    app_id: int
    user_id: int
    created_at: datetime
    redirect_uri: str | None = None
    code_challenge: str | None = None
