"""A person, through the app they authorized."""

from sandbox.payloads.accounts import email, profile
from sandbox.payloads.installations import installation_in_api
from sandbox.payloads.repositories import repository_in_list
from sandbox.rest.account_rules import require_allowed_address, require_sign_on
from sandbox.rest.answers import Answer, not_accessible, not_found, suspended
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.rest.principals import AsUser
from sandbox.state.apps import Installation
from sandbox.state.world import World


def show_user(call: Call) -> Answer:
    """Show whom the token speaks for."""
    person, world = call.as_user().person, call.sandbox.world
    private = [one.private for one in world.owned_by(person.id)]
    return Answer(
        profile(
            call.sandbox.links,
            person,
            public_repositories=private.count(False),
            private_repositories=private.count(True),
        )
    )


def list_emails(call: Call) -> Answer:
    """List the person's addresses; the app needs the account permission for it."""
    asking = call.as_user()
    if not asking.app.reads_emails:
        raise not_accessible("emails=read")
    return call.listing(asking.person.emails, email)


def list_installations(call: Call) -> Answer:
    """List the app's installations the person sees something of: members do, too."""
    sandbox, asking = call.sandbox, call.as_user()
    seen = [one for one in sandbox.world.installations.values() if _sees(sandbox.world, asking, one)]
    accounts = sandbox.world.accounts
    found = [one for one in seen if accounts[one.account_id].admits(asking.person.id)]
    answer = call.counted("installations", found, lambda one: installation_in_api(sandbox.links, sandbox.world, one))
    hidden = sorted({one.account_id for one in seen} - {one.account_id for one in found})
    if not hidden:
        return answer
    partial = f"partial-results; organizations={','.join(map(str, hidden))}"
    return Answer(answer.body, answer.status, {**answer.headers, "X-GitHub-SSO": partial})


def list_repositories(call: Call) -> Answer:
    """List what both the installation includes and the person was given, with their role in each."""
    sandbox, asking = call.sandbox, call.as_user()
    world = sandbox.world
    installation = world.installations.get(call.number("installation_id"))
    if installation is None or not _sees(world, asking, installation):
        raise not_found()
    if installation.suspended_at:
        raise suspended()
    owner = world.accounts[installation.account_id]
    require_sign_on(sandbox.links, owner, asking.person.id)
    require_allowed_address(owner)
    roles = ((one, world.role(asking.person.id, one)) for one in world.covered_by(installation))
    found = [(one, role) for one, role in roles if role is not None]
    return call.counted(
        "repositories",
        found,
        lambda item: repository_in_list(sandbox.links, owner, *item),
        [("repository_selection", installation.repository_selection)],
    )


def _sees(world: World, asking: AsUser, installation: Installation) -> bool:
    if installation.app_id != asking.app.id:
        return False
    if world.accounts[installation.account_id].is_administered_by(asking.person.id):
        return True
    return any(world.role(asking.person.id, one) for one in world.covered_by(installation))


ENDPOINTS = (
    Endpoint("GET", "/user", show_user),
    Endpoint("GET", "/user/emails", list_emails),
    Endpoint("GET", "/user/installations", list_installations),
    Endpoint("GET", "/user/installations/{installation_id:int}/repositories", list_repositories),
)
