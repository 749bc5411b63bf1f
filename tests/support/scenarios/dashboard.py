"""A running service with its sandbox and demo, and people at browsers in front of it."""

import hmac
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.support.servers.up import Up

AXE = Path(__file__).parents[3] / "dashboard/node_modules/axe-core/axe.min.js"
PAYLOADS = Path(__file__).parents[3] / "deploy/demo/payloads"
DESKTOP = (1280, 800)
PHONE = (390, 844)

# The browser logs an error response as a failed load, even if the page is meant to show it.
_FAILED_LOAD = re.compile(r"^Failed to load resource: .* (\d{3}) ")


@dataclass(frozen=True)
class Site:
    """The service as `up` runs it, with ways to prepare what the browser finds."""

    up: Up
    browser: Browser

    @property
    def demo(self) -> dict[str, Any]:
        """What `up` publishes: addresses, ids, tokens."""
        return self.up.demo

    @property
    def url(self) -> str:
        """The service's address."""
        return str(self.demo["http_url"])

    @property
    def organization(self) -> str:
        """The id of the demo's organization, which is connected."""
        return str(self.demo["organization"]["id"])

    def api(self, role: str = "owner") -> httpx.Client:
        """Give a client that calls the API as one of the demo's people."""
        token = self.demo["users"][role]["token"]
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=20)

    def act(self, login: str, action: str, /, **values: object) -> dict[str, Any]:
        """Let a person act in the sandbox GitHub, which sends the webhooks."""
        return self.control("POST", f"/_sandbox/as/{login}/{action}", **values)

    def control(self, method: str, path: str, /, **values: object) -> dict[str, Any]:
        """Control the sandbox: faults, many repositories, many pushes (docs/sandbox.md)."""
        answer = httpx.request(method, f"{self.demo['sandbox_url']}{path}", json=values or None, timeout=60)
        answer.raise_for_status()
        return dict(answer.json() or {}) if answer.content else {}

    def deliver(self, payload: str, **changed: object) -> str:
        """Send a signed delivery of the demo's App, with other values; return its id once it was accepted."""
        event = payload.split("/", maxsplit=1)[0]
        content = json.loads((PAYLOADS / payload).read_bytes())
        delivery_id = str(uuid4())
        # Equal bytes under a new id would be a replay.
        own = {"installation": {"id": int(self.demo["installation_id"])}, "unique": delivery_id}
        body = json.dumps({**content, **own, **changed})
        secret = str(self.demo["webhook_secret"]).encode()
        headers = {
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": delivery_id,
            "x-hub-signature-256": f"sha256={hmac.new(secret, body.encode(), sha256).hexdigest()}",
        }
        answer = httpx.post(f"{self.url}/api/v1/git/github/webhooks", content=body, headers=headers)
        answer.raise_for_status()
        return delivery_id

    def faults(self, faults: list[dict[str, object]]) -> None:
        """Let these faults of the sandbox be in force, and no others."""
        httpx.put(f"{self.demo['sandbox_url']}/_sandbox/faults", json=faults).raise_for_status()

    @contextmanager
    def person(
        self,
        role: str = "owner",
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        refusals: frozenset[int] = frozenset(),
    ) -> Iterator["Person"]:
        """Return one of the people of the demo, signed in, with a separate browser profile.

        Messages in the console fail the test, except for responses with a status in `refusals`.
        """
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-US",
        )
        with ExitStack() as stack:
            stack.callback(context.close)
            person = Person(self, context, context.new_page(), refusals)
            person.sign_in(role)
            yield person
            assert not person.complaints, person.complaints


@dataclass
class Person:
    """A person with a browser."""

    site: Site
    context: BrowserContext
    page: Page
    refusals: frozenset[int]
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        failed = _FAILED_LOAD.match(message.text)
        if failed and int(failed.group(1)) in self.refusals:
            return
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type} at {self.page.url}: {message.text}")

    def sign_in(self, role: str) -> None:
        """Choose who to be on the page of the demo's people."""
        self.page.goto(f"{self.site.url}/dev/sign-in?return_to=/healthz")
        self.page.get_by_role("button", name=role, exact=True).click()
        self.page.wait_for_url("**/healthz")

    def sign_in_at_sandbox(self, login: str) -> None:
        """Be this person at the sandbox GitHub, in the same browser."""
        self.page.goto(f"{self.site.demo['sandbox_url']}/login?return_to=/settings/profile")
        self.page.get_by_role("button", name=re.compile(re.escape(login))).click()
        self.page.wait_for_url("**/settings/profile")

    def open(self, path: str = "", *, organization: str | None = None) -> Self:
        """Open a page of an organization's: `events?status=failed`, say."""
        whole = f"{self.site.url}/kit/{organization or self.site.organization}/{path}"
        self.page.goto(whole)
        return self

    def find_heading(self, name: str | re.Pattern[str]) -> Locator:
        """Give the page's title."""
        return self.page.get_by_role("heading", level=1, name=name)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text is on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def violations(self) -> list[str]:
        """Ask axe what of the page some people could not use: WCAG 2.2 A and AA, and best practices."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


def ask_an_owner(page: Page, account: str) -> None:
    """Ask, as a mere member of an account, for the app to be installed on it, and come back."""
    page.get_by_role("button", name="Install on GitHub").click()
    page.get_by_role("link", name=account, exact=True).click()
    page.get_by_role("button", name=re.compile("Request")).click()
    authorize = page.get_by_role("button", name="Authorize crewkit")
    back = page.get_by_role("link", name="Back to crewkit")
    authorize.or_(back).wait_for()
    # Who has authorized before is not asked again.
    if authorize.is_visible():
        authorize.click()
    back.click()
