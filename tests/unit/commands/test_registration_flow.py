"""Whatever goes wrong once GitHub has made the app, its secrets are kept, or it is said what to do."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.github.registration import AppRegistrationRequest, RegisteredApp, Registrar
from adapters.github.urls import GitHubUrls
from core.domain.provider_errors import CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret
from entrypoints.process.private_files import NoWritableDirectory, StoredFile
from entrypoints.registration.flow import PageResponse, RegistrationFailed, RegistrationFlow
from tests.support.builders.registration import ANSWER, REGISTERED

REQUEST = AppRegistrationRequest(
    "crewkit-dev", "https://crewkit.example", ("https://a/1", "https://a/2"), "https://a/hooks"
)
DOWN = ProviderUnavailable("GitHub does not answer right now.", retry_after=1)
REFUSED = CredentialRefused("GitHub answers Not Found, REQUEST-1.")


@dataclass(frozen=True, slots=True)
class Conversions(Registrar):
    """A GitHub that answers codes in this order."""

    answers: list[bytes | Exception] = field(default_factory=list)

    async def convert(self, code: Secret) -> bytes:
        """Give the next answer."""
        assert code.reveal() == "the-code"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Keeper:
    """Keeps in memory, or refuses to."""

    kept: list[tuple[bytes, RegisteredApp | None]] = field(default_factory=list)
    is_full: bool = False

    def __call__(self, answer: bytes, app: RegisteredApp | None) -> StoredFile:
        """Keep."""
        if self.is_full:
            raise NoWritableDirectory("app.env: No space left on device")
        self.kept.append((answer, app))
        return StoredFile(Path("app.env"))


def flow_of(keeper: Keeper, *answers: bytes | Exception) -> RegistrationFlow:
    """Make a flow that waits for nothing."""
    return RegistrationFlow(Conversions(GitHubUrls(), answers=list(answers)), REQUEST, keeper, lambda _: None)


def come_back(flow: RegistrationFlow, *, state: str | None = None) -> PageResponse:
    """Begin, and return with the code."""
    page = flow.begin(return_url="http://127.0.0.1:1/return").page
    found = re.search(r"state=([\w-]+)", page)
    assert found is not None
    return flow.finish(state=state or found[1], code="the-code")


def failure(flow: RegistrationFlow) -> str:
    """Return why a registration failed."""
    with pytest.raises(RegistrationFailed) as failed:
        flow.wait(0)
    return str(failed.value)


def test_stores_secrets_before_showing_a_page() -> None:
    """Without secrets."""
    keeper = Keeper()
    flow = flow_of(keeper, ANSWER)

    shown = come_back(flow)

    assert keeper.kept == [(ANSWER, REGISTERED)]
    assert (shown.status, shown.is_last) == (200, True)
    assert not any(one in shown.page for one in ("c" * 40, str(REGISTERED.webhook_secret), "PRIVATE KEY"))
    registered = flow.wait(0)
    assert registered is not None
    assert registered.app == REGISTERED


def test_distinguishes_a_lost_response_from_a_used_code() -> None:
    """The code worked, so a retry finds it used, and the secrets are lost."""
    flow = flow_of(Keeper(), DOWN, REFUSED)

    assert come_back(flow).status == 502
    assert "an earlier response was lost" in failure(flow)

    flow = flow_of(Keeper(), REFUSED)
    come_back(flow)
    assert "used before" in failure(flow)


def test_retries_an_outage_shortly() -> None:
    """Then the user can reload the same address."""
    keeper = Keeper()
    flow = flow_of(keeper, DOWN, DOWN, DOWN, DOWN, ANSWER)

    shown = come_back(flow)

    assert (shown.status, shown.is_last) == (503, False)
    assert flow.wait(0) is None
    assert come_back(flow, state="guessed").status == 400
    assert come_back(flow).status == 200
    assert len(keeper.kept) == 1


def test_stores_an_unreadable_response() -> None:
    """An operator can extract the secrets."""
    keeper = Keeper()
    strange = b'{"pem": "new form"}'
    flow = flow_of(keeper, strange)

    shown = come_back(flow)

    assert keeper.kept == [(strange, None)]
    assert "The response is in app.env" in failure(flow)
    assert "new form" not in shown.page


def test_full_disk_explains_how_to_get_new_secrets() -> None:
    """GitHub does not return them again."""
    flow = flow_of(Keeper(is_full=True), ANSWER)
    come_back(flow)

    said = failure(flow)

    assert "No space left on device" in said
    assert REGISTERED.html_url in said
    assert "generate a new client secret, private key and webhook secret" in said


def test_limits_stored_pages() -> None:
    """A user may reload the page without end."""
    flow = flow_of(Keeper(), ANSWER)
    first = re.search(r"state=([\w-]+)", flow.begin(return_url="http://127.0.0.1:1/return").page)
    assert first is not None
    for _ in range(40):
        flow.begin(return_url="http://127.0.0.1:1/return")

    assert flow.finish(state=first[1], code="the-code").status == 400
