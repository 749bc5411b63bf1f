"""The repositories that a credential can see."""

from http import HTTPStatus

from sandbox.rest.answers import Refusal, not_accessible, not_found
from sandbox.rest.call import Call
from sandbox.rest.principals import AsInstallation, AsUser, Principal
from sandbox.state.data import SandboxData
from sandbox.state.repositories import Repository, Role

_BY_FULL_NAME = "owner"


def get_visible_repository(call: Call) -> Repository:
    """Return the repository that the path names by id or by name; raises `Refusal`.

    A former name redirects (301) to the path with the id. A private repository that is not visible is 404.
    """
    data = call.sandbox.data
    if _BY_FULL_NAME not in call.parts:
        repository = data.repositories.get(call.number("repository_id"))
    else:
        full_name = f"{call.parts['owner']}/{call.parts['repo']}"
        repository = data.repository(full_name)
        if repository is None:
            renamed = data.repositories.get(data.former_names.get(full_name.lower(), 0))
            if renamed is not None and can_see(data, call.principal, renamed):
                raise _redirect_to_id(call, renamed, full_name)
    if repository is None or not can_see(data, call.principal, repository):
        raise not_found()
    return repository


def require_contents(call: Call, repository: Repository) -> None:
    """Raise `Refusal` if the credential cannot read the repository's contents."""
    if not can_read_contents(call.sandbox.data, call.principal, repository):
        raise not_accessible("contents=read")


def can_read_contents(data: SandboxData, principal: Principal, repository: Repository) -> bool:
    """Return whether a credential that sees the repository can read its contents."""
    if repository.private and isinstance(principal, AsInstallation):
        return "contents" in principal.token.permissions
    if repository.private and isinstance(principal, AsUser):
        return any(
            "contents" in installation.permissions
            for installation in data.installations.values()
            if installation.app_id == principal.app.id and data.covers(installation, repository)
        )
    return True


def find_role(data: SandboxData, principal: Principal, repository: Repository) -> Role | None:
    """Return the role of a user in the repository, or None for other credentials."""
    if isinstance(principal, AsUser):
        return data.role(principal.person.id, repository) or (None if repository.private else "pull")
    return None


def can_see(data: SandboxData, principal: Principal, repository: Repository) -> bool:
    """Return whether the credential can see the repository."""
    if not repository.private:
        return True
    if isinstance(principal, AsInstallation):
        allowed_ids = principal.token.repository_ids
        is_allowed = allowed_ids is None or repository.id in allowed_ids
        return is_allowed and data.covers(principal.installation, repository)
    if isinstance(principal, AsUser):
        return data.role(principal.person.id, repository) is not None and any(
            installation.app_id == principal.app.id
            and installation.suspended_at is None
            and data.covers(installation, repository)
            for installation in data.installations.values()
        )
    return False


def _redirect_to_id(call: Call, repository: Repository, full_name: str) -> Refusal:
    rest = call.raw_path.removeprefix(f"/repos/{full_name}")
    url = f"{call.sandbox.links.api}/repositories/{repository.id}{rest}"
    return Refusal(HTTPStatus.MOVED_PERMANENTLY, "Moved Permanently", headers={"Location": url}, url=url)
