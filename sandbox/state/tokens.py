from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class InstallationToken:
    """An installation token. `repository_ids` is None if it is not limited to repositories."""

    token: str
    installation_id: int
    permissions: dict[str, str]
    expires_at: datetime
    repository_ids: set[int] | None = None


@dataclass(slots=True)
class UserToken:
    """The access and refresh token of a person for an app."""

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
    """An OAuth code. `redirect_uri` and `code_challenge` are None if it was issued at installation."""

    code: str
    app_id: int
    user_id: int
    created_at: datetime
    redirect_uri: str | None = None
    code_challenge: str | None = None
