"""The redirect after an installation.

https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
"""

from typing import Literal
from urllib.parse import urlencode, urlsplit

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.user_tokens import create_code

SetupAction = Literal["install", "update", "request"]


def build_return_url(
    sandbox: Sandbox,
    app: App,
    person: Account,
    setup_action: SetupAction,
    *,
    installation_id: int | None = None,
    state: str | None = None,
) -> str | None:
    """Return the URL of the redirect, or None if GitHub does not redirect.

    If the app requests authorization during installation, GitHub uses the first callback URL instead of the
    setup URL and adds a code. A request has no installation yet. The state comes from the URL of the install
    page, so it is missing when an owner approves a request or a person saves changes.
    """
    has_code = app.request_oauth_on_install
    if setup_action == "update" and not app.setup_on_update:
        return None
    if setup_action == "request":
        has_code = has_code and sandbox.behaviour.code_on_request
    base = next(iter(app.callback_urls), None) if app.request_oauth_on_install else app.setup_url
    if base is None:
        return None
    code = create_code(sandbox, app, person.id) if has_code else None
    return add_query(
        base,
        code=code,
        installation_id=None if installation_id is None else str(installation_id),
        setup_action=setup_action,
        state=state,
    )


def add_query(url: str, **parameters: str | None) -> str:
    """Return the URL with these parameters appended. Parameters with the value None are omitted."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, [parts.query, query]))).geturl()
