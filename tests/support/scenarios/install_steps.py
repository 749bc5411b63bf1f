"""What tests of connecting an organization do and look at again and again."""

import re
from html import unescape

import httpx

from tests.support.scenarios.install_site import Browser, Landing, Site

ORBITAL_ACCOUNT = "orbital-works"
CALLBACK = "/api/v1/git/github/callback"


def check_error(answer: httpx.Response, status: int, code: str) -> str:
    """Check a refusal, and return its words."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return str(problem["detail"])


async def list_connected(site: Site, organization: str | None = None) -> list[tuple[str, str]]:
    """Return what is bound to an organization that was not connected, and how."""
    rows = site.rows(
        "SELECT i.provider_id, i.status::text FROM git_integrations AS i "
        "JOIN organizations AS o ON o.id = i.organization_id WHERE o.external_id = %s",
        (organization or site.orbital,),
    )
    return [(provider_id, status) for provider_id, status in rows]


async def start_as_oona(site: Site, oona: Browser) -> Landing:
    """Let Oona install the app, and return with what her browser was sent back."""
    return await oona.install(await oona.begin(site.orbital, return_to="/integrations"), ORBITAL_ACCOUNT)


async def code_of(browser: Browser) -> str:
    """Let someone have a code as installing gives one: without PKCE."""
    client_id = browser.site.sandbox.app.client_id
    page = f"{browser.site.sandbox.url}/login/oauth/authorize?client_id={client_id}"
    return (await browser.authorize(page)).query["code"]


def link_of(page: httpx.Response, words: str) -> str:
    """Return where the link with these words leads."""
    found = [href for href, said in re.findall(r'href="([^"]*)">([^<]*)</a>', page.text) if said == words]
    assert len(found) == 1, page.text
    return unescape(found[0])
