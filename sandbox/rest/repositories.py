"""Repositories of an installation, and a repository by name or id."""

from sandbox.payloads.repositories import render_api_repository, render_full_repository
from sandbox.rest.account_rules import require_allowed_address
from sandbox.rest.answers import ApiResponse, not_accessible
from sandbox.rest.call import Call, Endpoint
from sandbox.rest.visibility import find_role, get_visible_repository


def list_installation_repositories(call: Call) -> ApiResponse:
    """List the repositories that the installation token can access."""
    sandbox, principal = call.sandbox, call.as_installation()
    if "metadata" not in principal.token.permissions:
        raise not_accessible("metadata=read")
    data = sandbox.data
    require_allowed_address(data.accounts[principal.installation.account_id])
    repositories, allowed_ids = data.list_covered(principal.installation), principal.token.repository_ids
    if allowed_ids is not None:
        repositories = [repository for repository in repositories if repository.id in allowed_ids]
    owner = data.accounts[principal.installation.account_id]
    return call.render_counted_list(
        "repositories",
        repositories,
        lambda repository: render_api_repository(sandbox.links, owner, repository, None),
        [("repository_selection", principal.installation.repository_selection)],
    )


def show_repository(call: Call) -> ApiResponse:
    """Return a repository. Everyone can see a public repository, so a response proves no permission."""
    repository, data = get_visible_repository(call), call.sandbox.data
    owner = data.accounts[repository.owner_id]
    role = find_role(data, call.principal, repository)
    return ApiResponse(render_full_repository(call.sandbox.links, owner, repository, role))


ENDPOINTS = (
    Endpoint("GET", "/installation/repositories", list_installation_repositories),
    Endpoint("GET", "/repos/{owner}/{repo}", show_repository),
    Endpoint("GET", "/repositories/{repository_id:int}", show_repository),
)
