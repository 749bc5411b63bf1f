"""Whatever browsers bring back, in whatever order: nobody gets an installation without its owner's proof."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import DomainError
from core.domain.provider_errors import InstallationGone
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Choose, InstallResult, RedirectTo, RetryLater
from tests.support.scenarios.connect_world import Browser
from tests.support.scenarios.install_world import (
    ACME,
    EMPTY,
    JONAS,
    MARA,
    MARAS,
    OLGA,
    RIGHTFUL,
    WORKSHOP,
    InstallWorld,
    Sent,
    build_return,
)

_ACCOUNTS = st.sampled_from([OLGA, MARA, JONAS])
_BROWSERS = st.integers(0, 1)
# Mostly as things go, since only then anything is bound at all.
_HARDLY_EVER = st.sampled_from([False, False, False, True])
_AGES = st.sampled_from([0, 0, 0, 1, 2, 5])


@dataclass(frozen=True)
class Begin:
    """Someone begins for their own organization."""

    browser: int
    mode: InstallMode


@dataclass(frozen=True)
class Come:
    """A browser brings one of the states there are, the newest or an older one, with whatever else."""

    age: int
    is_in_other_browser: bool
    is_signed_in: bool
    account: str
    installation_id: str | None
    setup_action: str | None
    lacks_code: bool


@dataclass(frozen=True)
class Announce:
    """A signed delivery with the user and the installation."""

    installation_id: str
    sender: str


_COMES = st.builds(
    Come,
    _AGES,
    st.booleans(),
    st.booleans(),
    _ACCOUNTS,
    st.sampled_from([ACME, MARAS, WORKSHOP, EMPTY, "999", None]),
    st.sampled_from(["install", "update", "request", None]),
    _HARDLY_EVER,
)
_ACTS = st.one_of(
    _COMES,
    _COMES,
    _COMES,
    st.builds(Begin, _BROWSERS, st.sampled_from(InstallMode)),
    st.builds(Announce, st.sampled_from([ACME, MARAS, EMPTY, WORKSHOP]), _ACCOUNTS),
)


@dataclass
class Carried:
    """A state that is out there: whose flow it belongs to, and who has shown in it who they are."""

    browser: int
    where: Sent | Choose
    shown: set[str] = field(default_factory=set)


class Story:
    """What happens, and its permitted results."""

    def __init__(self) -> None:
        self.world = InstallWorld()
        self.carried: list[Carried] = []
        self.rightful = {number: set(who) for number, who in RIGHTFUL.items()}

    async def run(self, acts: list[Begin | Come | Announce]) -> None:
        """Let it happen, and look after each step."""
        await self.world.populate()
        for act in acts:
            before = self.world.list_installations()
            try:
                await self._act(act)
            except (DomainError, InstallationGone):
                assert self.world.list_installations() == before
            assert len(set(self.world.list_installations().values())) == len(self.world.list_installations())

    async def _act(self, act: Begin | Come | Announce) -> None:
        match act:
            case Begin(browser, mode):
                organization = (self.world.acme, self.world.zenith)[browser]
                sent = await self.world.begin(self._browser(browser), organization, mode=mode)
                self.carried.append(Carried(browser, sent))
            case Announce(installation_id, sender):
                await self.world.announce(installation_id, sender=sender)
                self.rightful[installation_id].add(sender)
            case Come() if self.carried:
                await self._come(act, self.carried[-1 - act.age % len(self.carried)])

    async def _come(self, act: Come, carried: Carried) -> None:
        which = carried.browser ^ act.is_in_other_browser
        before, browser = self.world.list_installations(), self._browser(which)
        browser.is_signed_in = act.is_signed_in
        shown = carried.shown | (set() if act.lacks_code else {act.account})
        outcome = await self._return(act, carried, browser)
        if isinstance(outcome, RedirectTo | RetryLater):
            self.carried.append(Carried(carried.browser, Sent(outcome.url), shown))
        if isinstance(outcome, Choose):
            self.carried.append(Carried(carried.browser, outcome, shown))
        for name, number in self._new(before):
            assert which == carried.browser
            assert name == ("Acme", "Zenith")[which]
            assert self.rightful[number] & shown

    async def _return(self, act: Come, carried: Carried, browser: Browser) -> InstallResult:
        if isinstance(carried.where, Choose):
            return await self.world.choose(browser, carried.where.state, act.installation_id or "")
        if act.lacks_code:
            code = None
        elif "redirect_uri" in carried.where.query:
            code = self.world.build_authorize_callback(carried.where, act.account).code
        else:
            code = self.world.provider.state.authorize(act.account)
        came = build_return(carried.where, code, act.installation_id, setup_action=act.setup_action)
        return await self.world.finish(browser, came)

    def _browser(self, which: int) -> Browser:
        return (self.world.mara, self.world.jonas)[which]

    def _new(self, before: dict[str, str]) -> Iterator[tuple[str, str]]:
        for name, number in self.world.list_installations().items():
            if before.get(name) != number:
                yield name, number


@given(st.sampled_from(InstallMode), st.lists(_ACTS, min_size=6, max_size=20))
def test_connects_only_proven_installations(mode: InstallMode, acts: list[Begin | Come | Announce]) -> None:
    """In the browser that started the flow, for its organization, with a proof of its user."""
    asyncio.run(Story().run([Begin(0, mode), *acts]))
