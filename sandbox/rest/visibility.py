"""Which repositories a credential shows."""

from http import HTTPStatus

from sandbox.rest.answers import Refusal, not_accessible, not_found
from sandbox.rest.call import Call
from sandbox.rest.principals import AsInstallation, AsUser, Principal
from sandbox.state.repositories import Repository, Role
from sandbox.state.world import World

_BY_FULL_NAME = "owner"


def visible_repository(call: Call) -> Repository:
    """Return the repository the path names, by id or by name.

    A former name is answered by 301 to the path by id. What is private and not shown does not exist (404).
    """
    world = call.sandbox.world
    if _BY_FULL_NAME not in call.parts:
        repository = world.repositories.get(call.number("repository_id"))
    else:
        full_name = f"{call.parts['owner']}/{call.parts['repo']}"
        repository = world.repository(full_name)
        if repository is None:
            moved = world.repositories.get(world.former_names.get(full_name.lower(), 0))
            if moved is not None and can_see(world, call.principal, moved):
                raise _moved(call, moved, full_name)
    if repository is None or not can_see(world, call.principal, repository):
        raise not_found()
    return repository


def demand_contents(call: Call, repository: Repository) -> None:
    """Refuse a token that may see the repository but not what is in it."""
    if not may_read_contents(call.sandbox.world, call.principal, repository):
        raise not_accessible("contents=read")


def may_read_contents(world: World, principal: Principal, repository: Repository) -> bool:
    """Return whether a credential that sees the repository may read its contents."""
    if repository.private and isinstance(principal, AsInstallation):
        return "contents" in principal.token.permissions
    if repository.private and isinstance(principal, AsUser):
        return any(
            "contents" in one.permissions
            for one in world.installations.values()
            if one.app_id == principal.app.id and world.covers(one, repository)
        )
    return True


def role_of(world: World, principal: Principal, repository: Repository) -> Role | None:
    """Return what the API says the asker may do in the repository."""
    if isinstance(principal, AsUser):
        return world.role(principal.person.id, repository) or (None if repository.private else "pull")
    return None


def can_see(world: World, principal: Principal, repository: Repository) -> bool:
    """Return whether the repository exists for this credential."""
    if not repository.private:
        return True
    if isinstance(principal, AsInstallation):
        narrowed = principal.token.repository_ids
        inside = narrowed is None or repository.id in narrowed
        return inside and world.covers(principal.installation, repository)
    if isinstance(principal, AsUser):
        return world.role(principal.person.id, repository) is not None and any(
            one.app_id == principal.app.id and one.suspended_at is None and world.covers(one, repository)
            for one in world.installations.values()
        )
    return False


def _moved(call: Call, repository: Repository, full_name: str) -> Refusal:
    rest = call.raw_path.removeprefix(f"/repos/{full_name}")
    url = f"{call.sandbox.links.api}/repositories/{repository.id}{rest}"
    return Refusal(HTTPStatus.MOVED_PERMANENTLY, "Moved Permanently", headers={"Location": url}, url=url)
