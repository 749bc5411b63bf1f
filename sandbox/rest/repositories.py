"""Repositories: an installation's, a person's within an installation, and one by name or id."""

from sandbox.payloads.repositories import full_repository, repository_in_list
from sandbox.rest.account_rules import require_allowed_address
from sandbox.rest.answers import Answer, not_accessible
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.rest.visibility import role_of, visible_repository


def list_of_installation(call: Call) -> Answer:
    """List what the installation's token opens."""
    sandbox, asking = call.sandbox, call.as_installation()
    if "metadata" not in asking.token.permissions:
        raise not_accessible("metadata=read")
    world = sandbox.world
    require_allowed_address(world.accounts[asking.installation.account_id])
    found, narrowed = world.covered_by(asking.installation), asking.token.repository_ids
    if narrowed is not None:
        found = [one for one in found if one.id in narrowed]
    owner = world.accounts[asking.installation.account_id]
    return call.counted(
        "repositories",
        found,
        lambda one: repository_in_list(sandbox.links, owner, one, None),
        [("repository_selection", asking.installation.repository_selection)],
    )


def show(call: Call) -> Answer:
    """Show one repository. Public ones are shown to anyone, so an answer proves no right to it."""
    repository, world = visible_repository(call), call.sandbox.world
    owner = world.accounts[repository.owner_id]
    role = role_of(world, call.principal, repository)
    return Answer(full_repository(call.sandbox.links, owner, repository, role))


ENDPOINTS = (
    Endpoint("GET", "/installation/repositories", list_of_installation),
    Endpoint("GET", "/repos/{owner}/{repo}", show),
    Endpoint("GET", "/repositories/{repository_id:int}", show),
)
