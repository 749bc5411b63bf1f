"""The browser comes back from installing as GitHub sends it, row by row."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.fakes.webhook_receiver import Receiver
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, OONA, RunningSandbox

ORBITAL = 900_000_200
PERMISSIONS = "/apps/crewkit/installations/new/permissions"
STATE = "state-of-the-browser"


def target_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Give where the browser goes and what it brings along."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return parts._replace(query="").geturl(), {name: values[0] for name, values in parse_qs(parts.query).items()}


async def install(
    running: RunningSandbox, login: str, account: str, *, state: str | None = STATE, **more: object
) -> tuple[str, dict[str, str]]:
    """Press the button of the page that installs on this account."""
    form: dict[str, object] = {"account": account, "selection": "all", **more}
    async with running.browser(login) as browser:
        return target_of(await browser.post(PERMISSIONS, data=form | ({"state": state} if state else {})))


def options(running: RunningSandbox, **options: object) -> None:
    """Change the App's options."""
    for name, value in options.items():
        setattr(running.data.apps[running.app.id], name, value)


def newest(running: RunningSandbox) -> str:
    """Give the newest installation's id."""
    return str(max(running.data.installations))


async def test_installing_with_authorization_returns_a_code(running: RunningSandbox, receiver: Receiver) -> None:
    """To the first callback, with the state."""
    options(running, setup_url="http://never.example/")
    url, brought = await install(running, OONA, "orbital-works")
    assert url == f"{receiver.url}/api/v1/git/github/callback"
    assert brought.pop("code") in running.data.codes
    assert brought == {"installation_id": newest(running), "setup_action": "install", "state": STATE}


async def test_installing_without_authorization_returns_to_the_setup_url(running: RunningSandbox) -> None:
    """Without a code."""
    options(running, request_oauth_on_install=False, setup_url="http://setup.example/here?a=b")
    url, brought = await install(running, OONA, "orbital-works")
    assert url == "http://setup.example/here"
    assert brought == {"a": "b", "installation_id": newest(running), "setup_action": "install", "state": STATE}


@pytest.mark.parametrize("with_code", [False, True])
async def test_requesting_returns_no_installation(running: RunningSandbox, *, with_code: bool) -> None:
    """Reports differ about the code, so both ways exist."""
    running.sandbox.behaviour.code_on_request = with_code
    _, brought = await install(running, MARA, "orbital-works")
    assert (brought.pop("code", None) is not None) == with_code
    assert brought == {"setup_action": "request", "state": STATE}
    assert len(running.data.requests) == 1


async def test_approving_returns_no_state(running: RunningSandbox) -> None:
    """The owner's browser never had the state."""
    await install(running, MARA, "orbital-works")
    request = max(running.data.requests)
    async with running.browser(OONA) as browser:
        listed = await browser.get("/settings/installations")
        assert f"/settings/requests/{request}/approve" in listed.text
        _, brought = target_of(await browser.post(f"/settings/requests/{request}/approve"))
    assert brought.pop("code") in running.data.codes
    assert brought == {"installation_id": newest(running), "setup_action": "install"}


async def test_saving_an_installation_returns_an_update(running: RunningSandbox) -> None:
    """Only with `Redirect on update`, without state, and with a code where the App wants one."""
    page = f"/organizations/acme-rockets/settings/installations/{INSTALLATION}"
    form = {"selection": "selected", "repositories": ["launchpad", "telemetry"]}
    async with running.browser(MARA) as browser:
        _, brought = target_of(await browser.post(page, data=form))
        assert brought.pop("code") in running.data.codes
        assert brought == {"installation_id": str(INSTALLATION), "setup_action": "update"}
        options(running, request_oauth_on_install=False)
        _, brought = target_of(await browser.post(page, data=form))
        assert brought == {"installation_id": str(INSTALLATION), "setup_action": "update"}
        options(running, setup_on_update=False)
        assert target_of(await browser.post(page, data=form)) == (page, {})
    assert running.data.installations[INSTALLATION].repository_ids == {700_000_001, 700_000_003}


async def test_installing_from_github_returns_no_state(running: RunningSandbox) -> None:
    _, brought = await install(running, OONA, "orbital-works", state=None)
    assert "state" not in brought
    assert brought["setup_action"] == "install"


@pytest.mark.parametrize("prefix", ["/apps", "/github-apps"])
async def test_existing_installation_does_not_return(running: RunningSandbox, prefix: str) -> None:
    """The settings page opens, also from the account picker."""
    settings = f"{running.url}/organizations/acme-rockets/settings/installations/{INSTALLATION}"
    base = f"{prefix}/crewkit/installations"
    async with running.browser(MARA) as browser:
        target = await browser.get(f"{base}/new/permissions?target_id=900000100&state={STATE}")
        assert target_of(target) == (settings, {})
        for path in ("new", "select_target"):
            picker = await browser.get(f"{base}/{path}?state={STATE}")
            assert settings in picker.text
            assert f"{base}/new/permissions?target_id={ORBITAL}&amp;state={STATE}" in picker.text
        again = await browser.post(PERMISSIONS, data={"account": "acme-rockets"})
        assert again.status_code == 422


async def test_cancelling_returns_to_github(running: RunningSandbox) -> None:
    """Nothing is installed, and no App receives a webhook."""
    async with running.browser(OONA) as browser:
        page = await browser.get(f"{PERMISSIONS}?target_id={ORBITAL}&state={STATE}")
    assert 'href="/apps/crewkit" class="button">Cancel' in page.text
    assert f'name="state" value="{STATE}"' in page.text


@pytest.mark.parametrize("target", ["orbital-works", "1", ""])
async def test_account_is_preselected_only_by_id(running: RunningSandbox, target: str) -> None:
    """A login instead of the numeric id is a common mistake."""
    async with running.browser(OONA) as browser:
        assert (await browser.get(f"{PERMISSIONS}?target_id={target}")).status_code == 404


@pytest.mark.parametrize(
    ("login", "account", "button"),
    [
        (OONA, ORBITAL, "Install &amp; Authorize"),
        (MARA, ORBITAL, "Request"),
        (JONAS, 900_000_100, "Install and request"),
    ],
)
async def test_button_depends_on_the_role(running: RunningSandbox, login: str, account: int, button: str) -> None:
    """Owners install, administrators of repositories install some, others request."""
    running.data.installations.clear()
    async with running.browser(login) as browser:
        page = await browser.get(f"{PERMISSIONS}?target_id={account}")
    assert f">{button}</button>" in page.text


async def test_administrator_returns_with_a_partial_installation(running: RunningSandbox) -> None:
    """The other repositories wait for an owner."""
    running.data.installations.clear()
    _, brought = await install(
        running, JONAS, "acme-rockets", selection="selected", repositories=["guidance", "billing"]
    )
    assert (brought["setup_action"], brought["installation_id"]) == ("install", newest(running))
    assert len(running.data.requests) == 1


@pytest.mark.parametrize(("delivering", "before"), [("before_return", True), ("held", False)], ids=["before", "after"])
async def test_event_can_arrive_before_or_after_the_browser(
    running: RunningSandbox, receiver: Receiver, delivering: str, *, before: bool
) -> None:
    """Tests choose the order, since GitHub guarantees none."""
    await running.control("PATCH", "/behaviour", delivering=delivering)
    await install(running, OONA, "orbital-works")
    assert (receiver.names == ["installation.created"]) is before
    await running.control("POST", "/deliveries/release")
    await running.wait_for_deliveries()
    assert receiver.names == ["installation.created"]


async def test_app_without_a_setup_url_does_not_return(running: RunningSandbox) -> None:
    """The settings page opens."""
    options(running, request_oauth_on_install=False, setup_url=None)
    url, brought = await install(running, OONA, "orbital-works")
    assert (url, brought) == (f"{running.url}/organizations/orbital-works/settings/installations/{newest(running)}", {})
