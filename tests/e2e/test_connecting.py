"""Connected in at most three clicks from each state that GitHub can be in (docs/installing.md has the table).

A click is a press of a button or link, here and on GitHub's pages, from the Integrations page on. The first
time a person uses the app GitHub asks them once to authorize it; where that is not the subject, tests start
after it.
"""

import re
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from playwright.sync_api import Route, expect

from sandbox.state.sandbox_app import APP_SLUG
from tests.support.scenarios.clicker import LONG_MS, Clicker, clicker, sql
from tests.support.scenarios.dashboard import Site

OONA, MARA = "oona-field-away", "mara-okafor-acme"
ORBITAL = "orbital-works"

# Each has several people at browsers, and one a proof of half a minute.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def fresh(site: Site) -> Site:
    """Give a site where nothing is connected, nothing installed, and everybody authorized the app once."""
    site.control("POST", "/_sandbox/reset")
    app = {"webhook_active": True}
    site.control("PATCH", f"/_sandbox/apps/{APP_SLUG}", **app)
    sql(site, "TRUNCATE git_integrations, git_flows, user_git_connections CASCADE")
    for one in httpx.get(f"{site.demo['sandbox_url']}/_sandbox").json()["installations"]:
        site.act(MARA, "uninstall", installation=one["id"])
    return site


@pytest.fixture
def oona(fresh: Site) -> Iterator[Clicker]:
    """Give Oona, who owns orbital-works at GitHub and her organization here."""
    yield from clicker(fresh, "outsider", OONA)


@pytest.fixture
def mara(fresh: Site) -> Iterator[Clicker]:
    """Give Mara, who is a mere member of orbital-works at GitHub."""
    yield from clicker(fresh, "owner", MARA)


def test_connects_an_earlier_installation_after_authorization(fresh: Site) -> None:
    """State a: "Already installed? Connect", and GitHub asks once for authorization."""
    fresh.act(OONA, "install", account=ORBITAL)
    for oona in clicker(fresh, "outsider", OONA, authorized=False):
        oona.integrations()
        oona.person.sees("Not connected")
        assert oona.person.violations() == []
        oona.press("Already installed? Connect")
        oona.press("Authorize crewkit")
        oona.is_connected_to(ORBITAL)


def test_connects_an_earlier_installation_after_saving_it_on_github(fresh: Site, oona: Clicker) -> None:
    """State a: GitHub's page to install leads to "configure", whose "Save" returns without a state."""
    fresh.act(OONA, "install", account=ORBITAL)
    oona.integrations()
    oona.press("Install on GitHub")
    oona.follow(f"Configure {ORBITAL}")
    oona.press("Save")
    oona.is_connected_to(ORBITAL)


def test_connects_an_installation_started_on_github(fresh: Site, oona: Clicker) -> None:
    """State a: the page that GitHub returns to offers the organization."""
    page = oona.person.page
    page.goto(f"{fresh.demo['sandbox_url']}/apps/{APP_SLUG}/installations/new")
    page.get_by_role("link", name=ORBITAL, exact=True).click()
    page.get_by_role("button", name=re.compile("Install")).click()
    oona.person.sees("The app is installed")
    oona.press(re.compile("^Connect "))
    oona.is_connected_to(ORBITAL, clicks=1)


def test_connects_after_an_owner_approves(fresh: Site, mara: Clicker) -> None:
    """State b: the card of the member who requested the installation changes by itself."""
    mara.integrations()
    mara.press("Install on GitHub")
    mara.follow(ORBITAL)
    mara.press("Request")
    mara.person.page.get_by_role("link", name="Back to crewkit").click()
    assert mara.clicks <= 3
    mara.person.sees("Waiting for approval")
    for owner in clicker(fresh, "outsider", OONA, authorized=False):
        owner.person.page.goto(f"{fresh.demo['sandbox_url']}/settings/installations")
        owner.person.page.get_by_role("button", name="Approve").click()
        owner.person.sees("The app is installed")
    mara.person.sees(f"Connected to {ORBITAL}")


def test_connects_an_approved_request_without_its_webhook(fresh: Site, mara: Clicker) -> None:
    """State b: the member who requested the installation finishes in the browser."""
    mara.integrations()
    mara.press("Install on GitHub")
    mara.follow(ORBITAL)
    mara.press("Request")
    mara.person.page.get_by_role("link", name="Back to crewkit").click()
    fresh.control("PATCH", "/_sandbox/behaviour", delivering="never")
    [request] = httpx.get(f"{fresh.demo['sandbox_url']}/_sandbox").json()["requests"]
    fresh.act(OONA, "approve_request", request=request["id"])
    owner_ids = [one["id"] for one in _accounts(fresh) if one["login"] in (OONA, MARA)]
    fresh.control("PATCH", f"/_sandbox/accounts/{ORBITAL}", owners=owner_ids)
    mara.integrations()
    mara.person.sees("Waiting for approval")
    mara.press("Approved already? Connect")
    mara.is_connected_to(ORBITAL)


def test_restarts_an_expired_flow(fresh: Site, oona: Clicker) -> None:
    """State c: the page reports it, and one click starts again with the new installations."""
    oona.integrations()
    page = oona.person.page
    page.get_by_role("button", name="Install on GitHub").click()
    page.get_by_role("link", name=ORBITAL, exact=True).click()
    expect(page.get_by_role("button", name=re.compile("Install"))).to_be_visible()
    sql(fresh, "UPDATE git_flows SET expires_at = now() - interval '1 second'")
    page.get_by_role("button", name=re.compile("Install")).click()
    oona.person.sees("Connecting took too long")
    oona.person.sees(re.compile("Code flow_expired. Request"))
    assert oona.person.violations() == []
    oona.press("Start again")
    oona.is_connected_to(ORBITAL, clicks=1)


def test_connects_120_installations_of_which_one_fails(fresh: Site, oona: Clicker) -> None:
    """State d: the failed installation is named with its reason, and the last one is connected."""
    fresh.control("POST", "/_sandbox/organizations", owner=OONA, count=120)
    fresh.control("PATCH", "/_sandbox/accounts/org-005", blocks_addresses=True)
    oona.integrations()
    oona.press("Already installed? Connect")
    page = oona.person.page
    expect(oona.person.find_heading("Choose an account")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("listitem").filter(has_text="org-005")).to_contain_text("provider_ip_not_allowed")
    assert page.get_by_role("button", name=re.compile("^org-")).count() == 31
    assert oona.person.violations() == []
    page.get_by_label("Accounts not checked yet").select_option(label="org-120")
    oona.press("Connect")
    oona.is_connected_to("org-120")


def test_pages_through_installations(fresh: Site, oona: Clicker) -> None:
    """State d: the user can also page through them."""
    fresh.control("POST", "/_sandbox/organizations", owner=OONA, count=120)
    oona.integrations()
    oona.press("Already installed? Connect")
    for page in (2, 3, 4):
        oona.press("More accounts")
        oona.person.sees(f"Page {page} of 4")
    oona.press("org-120")
    oona.is_connected_to("org-120", clicks=5)


def test_syncs_12000_repositories(fresh: Site, oona: Clicker) -> None:
    """State e: a page waits, shows the progress, and finishes without a click."""
    fresh.control("POST", "/_sandbox/organizations", owner=OONA, count=1, prefix="huge", repositories=12_000)
    slow = {"kind": "latency", "path": "/user/installations/*/repositories", "seconds": 0.6}
    fresh.faults([slow])
    oona.integrations()
    oona.press("Already installed? Connect")
    expect(oona.person.find_heading("Checking huge-001")).to_be_visible(timeout=LONG_MS)
    oona.person.sees(re.compile(r"Repositories checked: [\d,]+ of 12,000"))
    oona.is_connected_to("huge-001", clicks=1)


def test_connects_after_single_sign_on(fresh: Site, oona: Clicker) -> None:
    """State f: the page links to the sign-in page, and "Try again" connects."""
    fresh.act(OONA, "install", account=ORBITAL)
    fresh.control("PATCH", f"/_sandbox/accounts/{ORBITAL}", requires_sign_on=True)
    oona.integrations()
    oona.press("Already installed? Connect")
    oona.person.sees("Single sign-on is required")
    oona.person.sees(re.compile("Code provider_sso_required. Request"))
    with oona.person.context.expect_page() as opened:
        oona.follow("Sign in with single sign-on")
    there = opened.value
    there.get_by_role("link", name=ORBITAL).click()
    there.get_by_role("button", name="Continue").click()
    expect(there.get_by_role("heading", name=f"Signed in to {ORBITAL}")).to_be_visible()
    oona.follow("Try again")
    oona.is_connected_to(ORBITAL)


def test_reports_a_blocking_ip_allow_list(fresh: Site, oona: Clicker) -> None:
    """State f: nothing is suspended, and "Try again" connects after an owner allows the address."""
    fresh.act(OONA, "install", account=ORBITAL)
    fresh.control("PATCH", "/_sandbox/behaviour", delivering="never")
    fresh.control("PATCH", f"/_sandbox/accounts/{ORBITAL}", blocks_addresses=True)
    oona.integrations()
    oona.press("Already installed? Connect")
    oona.person.sees("The IP allow list blocks crewkit")
    oona.person.sees(re.compile("Code provider_ip_not_allowed. Request"))
    with fresh.api("outsider") as api:
        shown = api.get(f"/api/v1/{oona.organization}/git-integrations/github").json()
    assert shown["status"] == "not_connected"
    fresh.control("PATCH", f"/_sandbox/accounts/{ORBITAL}", blocks_addresses=False)
    oona.follow("Try again")
    oona.is_connected_to(ORBITAL)


def test_asks_which_of_several_requests_to_connect(fresh: Site, mara: Clicker) -> None:
    """State g: the page lists the requests. The approval of the chosen request connects, the others do not."""
    fresh.control(
        "POST", "/_sandbox/organizations", owner=MARA, count=1, prefix="club", member_only=True, installed=False
    )
    fresh.control("PATCH", "/_sandbox/accounts/club-001", owners=[_id(fresh, OONA)])
    mara.integrations()
    page = mara.person.page
    page.get_by_role("button", name="Install on GitHub").click()
    page.get_by_role("link", name=ORBITAL, exact=True).click()
    fresh.act(MARA, "install", account="club-001")  # asked in another window, for another team
    page.get_by_role("button", name="Request").click()
    mara.person.sees("Choose the requested account")
    assert mara.person.violations() == []
    mara.press(ORBITAL)
    page.get_by_role("link", name="Back to crewkit").click()
    mara.person.sees("Waiting for approval")
    requests = httpx.get(f"{fresh.demo['sandbox_url']}/_sandbox").json()["requests"]
    by_account = {one["account_id"]: one["id"] for one in requests}
    fresh.act(OONA, "approve_request", request=by_account[_id(fresh, "club-001")])
    fresh.control("POST", "/_sandbox/deliveries/drain")
    fresh.act(OONA, "approve_request", request=by_account[_id(fresh, ORBITAL)])
    mara.person.sees(f"Connected to {ORBITAL}")


def test_rejected_user_connection_returns_to_its_start(fresh: Site) -> None:
    """To the account page, which shows the reason (D8)."""
    for oona in clicker(fresh, "outsider", OONA, authorized=False):
        page = oona.person.open("account/connections", organization=oona.organization).page
        page.get_by_role("button", name="Connect GitHub").click()
        page.get_by_role("button", name="Cancel").click()
        oona.person.sees("Authorization denied")
        oona.follow("Back to crewkit")
        page.wait_for_url(f"**/kit/{oona.organization}/account/connections?refused=authorization_denied")
        expect(page.get_by_role("alert")).to_contain_text("authorization_denied")


def test_page_of_another_site_cannot_connect_without_a_click(fresh: Site) -> None:
    """The user confirms with one click (S6)."""
    for oona in clicker(fresh, "outsider", OONA, authorized=False):
        page = oona.person.page
        target = f"{fresh.url}/api/v1/user/git-connections/github/authorize"
        page.route("http://evil.example/", partial(_redirect, target))
        page.goto("http://evil.example/")
        oona.person.sees("Connect your account?")
        with fresh.api("outsider") as api:
            [known] = api.get("/api/v1/user/git-connections").json()["data"]
        assert known["status"] == "not_connected"
        oona.press("Continue")
        oona.press("Authorize crewkit")
        page.wait_for_url(f"{fresh.url}/**")
        with fresh.api("outsider") as api:
            [known] = api.get("/api/v1/user/git-connections").json()["data"]
        assert known["status"] == "active"


def _redirect(target: str, route: Route) -> None:
    route.fulfill(status=302, headers={"location": target})


def _accounts(site: Site) -> list[dict[str, str]]:
    return list(httpx.get(f"{site.demo['sandbox_url']}/_sandbox").json()["accounts"])


def _id(site: Site, login: str) -> int:
    return next(int(one["id"]) for one in _accounts(site) if one["login"] == login)
