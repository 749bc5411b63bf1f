"""The operations with a user token."""

from sandbox.payloads.accounts import render_email, render_profile
from sandbox.payloads.installations import render_api_installation
from sandbox.payloads.repositories import render_api_repository
from sandbox.rest.account_rules import require_allowed_address, require_sign_on
from sandbox.rest.answers import ApiResponse, installation_suspended, not_accessible, not_found
from sandbox.rest.call import Call, Endpoint
from sandbox.rest.principals import AsUser
from sandbox.state.apps import Installation
from sandbox.state.data import SandboxData


def show_user(call: Call) -> ApiResponse:
    """Return the authenticated person."""
    person, data = call.as_user().person, call.sandbox.data
    private = [repository.private for repository in data.list_owned(person.id)]
    return ApiResponse(
        render_profile(
            call.sandbox.links,
            person,
            public_repositories=private.count(False),
            private_repositories=private.count(True),
        )
    )


def list_emails(call: Call) -> ApiResponse:
    """List the person's email addresses; the app needs the account permission."""
    user = call.as_user()
    if not user.app.reads_emails:
        raise not_accessible("emails=read")
    return call.render_list(user.person.emails, render_email)


def list_installations(call: Call) -> ApiResponse:
    """List the app's installations that the person can see, also as a member."""
    sandbox, user = call.sandbox, call.as_user()
    visible = [
        installation
        for installation in sandbox.data.installations.values()
        if _can_see(sandbox.data, user, installation)
    ]
    accounts = sandbox.data.accounts
    accessible = [
        installation for installation in visible if accounts[installation.account_id].is_signed_on(user.person.id)
    ]
    response = call.render_counted_list(
        "installations",
        accessible,
        lambda installation: render_api_installation(sandbox.links, sandbox.data, installation),
    )
    hidden_ids = sorted(
        {installation.account_id for installation in visible} - {installation.account_id for installation in accessible}
    )
    if not hidden_ids:
        return response
    partial = f"partial-results; organizations={','.join(map(str, hidden_ids))}"
    return ApiResponse(response.body, response.status, {**response.headers, "X-GitHub-SSO": partial})


def list_repositories(call: Call) -> ApiResponse:
    """List the installation's repositories in which the person has a role."""
    sandbox, user = call.sandbox, call.as_user()
    data = sandbox.data
    installation = data.installations.get(call.number("installation_id"))
    if installation is None or not _can_see(data, user, installation):
        raise not_found()
    if installation.suspended_at:
        raise installation_suspended()
    owner = data.accounts[installation.account_id]
    require_sign_on(sandbox.links, owner, user.person.id)
    require_allowed_address(owner)
    roles = ((repository, data.role(user.person.id, repository)) for repository in data.list_covered(installation))
    found = [(one, role) for one, role in roles if role is not None]
    return call.render_counted_list(
        "repositories",
        found,
        lambda item: render_api_repository(sandbox.links, owner, *item),
        [("repository_selection", installation.repository_selection)],
    )


def _can_see(data: SandboxData, user: AsUser, installation: Installation) -> bool:
    if installation.app_id != user.app.id:
        return False
    if data.accounts[installation.account_id].is_administered_by(user.person.id):
        return True
    return any(data.role(user.person.id, repository) for repository in data.list_covered(installation))


ENDPOINTS = (
    Endpoint("GET", "/user", show_user),
    Endpoint("GET", "/user/emails", list_emails),
    Endpoint("GET", "/user/installations", list_installations),
    Endpoint("GET", "/user/installations/{installation_id:int}/repositories", list_repositories),
)
