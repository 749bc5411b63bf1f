"""Calls of the sandbox's API, each with the state that it needs."""

import secrets
from collections.abc import Awaitable, Callable

import httpx

from sandbox.behaviour import DeliveryMode
from sandbox.state.apps import Registration
from sandbox.state.sandbox_app import new_private_key, public_key_of
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, RunningSandbox

Ask = Callable[[RunningSandbox], Awaitable[httpx.Response]]


def as_app(method: str, path: str, *, json: object = None, token: str | None = None) -> Ask:
    """Ask with the App's JWT, or another token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api(method, path, token, json=json)

    return ask


def as_installation(path: str) -> Ask:
    """Ask with an installation's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api("GET", path, await running.installation_token())

    return ask


def as_user(path: str, login: str = MARA) -> Ask:
    """Ask with a person's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.api("GET", path, running.user_token(login))

    return ask


def as_client(method: str, path: str, token: str | None = None) -> Ask:
    """Ask with the App's client secret about a person's token."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        body = {"access_token": token or running.user_token(MARA)} if token != "" else {}
        return await running.client.request(
            method,
            f"/api/v3/applications/{running.app.client_id}{path}",
            json=body,
            auth=(running.app.client_id, running.app.client_secret),
        )

    return ask


def anonymously(path: str) -> Ask:
    """Ask with no credential."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        return await running.client.get(f"/api/v3{path}")

    return ask


def about_a_delivery(method: str, path: str) -> Ask:
    """Ask about the newest delivery."""

    async def ask(running: RunningSandbox) -> httpx.Response:
        await running.act(MARA, "push", repository="acme-rockets/launchpad", messages=["Say it"])
        await running.wait_for_deliveries()
        newest = max(running.data.deliveries)
        return await running.api(method, f"/app/hook/deliveries/{newest}{path}")

    return ask


async def mint_for_suspended(running: RunningSandbox) -> httpx.Response:
    """Mint for a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    return await running.api("POST", f"/app/installations/{INSTALLATION}/access_tokens")


async def show_suspended(running: RunningSandbox) -> httpx.Response:
    """Show a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    return await running.api("GET", f"/app/installations/{INSTALLATION}")


async def list_suspended_repositories(running: RunningSandbox) -> httpx.Response:
    """List what a person sees of a suspended installation."""
    await running.act(MARA, "suspend", installation=INSTALLATION)
    path = f"/user/installations/{INSTALLATION}/repositories"
    return await running.api("GET", path, running.user_token(MARA))


async def get_by_former_name(running: RunningSandbox) -> httpx.Response:
    """Ask for a repository by its former name."""
    await running.act(MARA, "rename_repository", repository="acme-rockets/guidance", name="guide")
    return await running.api("GET", "/repos/acme-rockets/guidance", await running.installation_token())


async def get_unchanged(running: RunningSandbox) -> httpx.Response:
    """Ask again for what one has."""
    token = await running.installation_token()
    first = await running.api("GET", "/installation/repositories", token)
    headers = {"if-none-match": first.headers["etag"]}
    return await running.api("GET", "/installation/repositories", token, headers=headers)


async def reach_limit(running: RunningSandbox) -> httpx.Response:
    """Meet the primary limit."""
    token = await running.installation_token()
    running.sandbox.behaviour.requests_per_hour = 0
    return await running.api("GET", "/installation/repositories", token)


async def without_email_permission(running: RunningSandbox) -> httpx.Response:
    """Read addresses the App may not read."""
    del running.data.apps[running.app.id].permissions["emails"]
    return await running.api("GET", "/user/emails", running.user_token(MARA))


async def fetch_new_app(running: RunningSandbox) -> httpx.Response:
    """Fetch the secrets of a new App."""
    private_key, app = new_private_key(), running.data.apps[running.app.id]
    app.public_key = public_key_of(private_key)
    made = Registration(secrets.token_hex(8), app.id, private_key, running.sandbox.now())
    running.data.registrations[made.code] = made
    return await running.client.post(f"/api/v3/app-manifests/{made.code}/conversions")


async def deliveries(running: RunningSandbox) -> httpx.Response:
    """List deliveries that went well, failed to connect and are under way."""
    for delivering in (DeliveryMode.AT_ONCE, DeliveryMode.FAILING, DeliveryMode.HELD):
        running.sandbox.behaviour.delivering = delivering
        await running.act(MARA, "push", repository="acme-rockets/launchpad", messages=["Say it"])
    await running.wait_for_deliveries()
    return await running.api("GET", "/app/hook/deliveries")


async def show_pushed_branch(running: RunningSandbox) -> httpx.Response:
    """Show a branch whose head was pushed here."""
    await running.act(MARA, "push", repository="acme-rockets/guidance", branch="new", messages=["Begin"])
    path = "/repos/acme-rockets/guidance/branches/new"
    return await running.api("GET", path, await running.installation_token())


async def show_pushed_tree(running: RunningSandbox) -> httpx.Response:
    """Show a directory of a commit that was pushed here."""
    files = ["apps/web/index.ts", "apps/web/lib/a.ts"]
    await running.act(MARA, "push", repository="acme-rockets/guidance", branch="new", messages=["Begin"], files=files)
    token, path = await running.installation_token(), "/repos/acme-rockets/guidance"
    sha = (await running.api("GET", f"{path}/commits/new", token)).json()["commit"]["tree"]["sha"]
    return await running.api("GET", f"{path}/git/trees/{sha}?recursive=1", token)


async def list_requests(running: RunningSandbox) -> httpx.Response:
    """List a request that waits for an owner."""
    await running.act(JONAS, "install", account="orbital-works")
    return await running.api("GET", "/app/installation-requests")


async def token_given_back(running: RunningSandbox) -> httpx.Response:
    """Revoke an installation's token with itself."""
    return await running.api("DELETE", "/installation/token", await running.installation_token())
