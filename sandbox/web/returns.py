"""Where the browser goes after installing, and with what.

https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
"""

from typing import Literal
from urllib.parse import urlencode, urlsplit

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.user_tokens import new_code

SetupAction = Literal["install", "update", "request"]


def return_url(
    sandbox: Sandbox,
    app: App,
    person: Account,
    setup_action: SetupAction,
    *,
    installation_id: int | None = None,
    state: str | None = None,
) -> str | None:
    """Return where the browser goes, or None where GitHub keeps it.

    Asking for authorization during installation switches the setup URL off: the first callback URL is meant,
    and a code comes along. A request has no installation yet. The state is only ever what the install page
    was opened with, so an owner who approves and a person who saves changes bring none.
    """
    wants_code = app.request_oauth_on_install
    if setup_action == "update" and not app.setup_on_update:
        return None
    if setup_action == "request":
        wants_code = wants_code and sandbox.behaviour.code_on_request
    base = next(iter(app.callback_urls), None) if app.request_oauth_on_install else app.setup_url
    if base is None:
        return None
    code = new_code(sandbox, app, person.id) if wants_code else None
    return with_query(
        base,
        code=code,
        installation_id=None if installation_id is None else str(installation_id),
        setup_action=setup_action,
        state=state,
    )


def with_query(url: str, **added: str | None) -> str:
    """Return the URL with these parameters behind its own; None leaves one out."""
    query = urlencode({name: value for name, value in added.items() if value is not None})
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, [parts.query, query]))).geturl()
