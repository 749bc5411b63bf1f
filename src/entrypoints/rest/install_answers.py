"""How a step of installing looks to a person, and to a program."""

from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import assert_never
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.provider import Installation
from core.domain.returns import SetupAction
from core.use_cases.install.outcomes import Again, AwaitingApproval, Choose, Connected, GoOn, Outcome, Unasked
from entrypoints.rest.json_response import Json
from entrypoints.rest.pages import Link, Pages, prefers_page

INSTALL = "/api/v1/git/{provider}/install"


class Redirection(msgspec.Struct):
    """Where to send the browser, which has its cookie already."""

    redirect_url: str


class Proven(msgspec.Struct):
    """An installation that was shown to be the caller's."""

    installation_id: str
    account: str


class Going(msgspec.Struct):
    """How it goes on: `connected`, `continue`, `choose`, `awaiting_approval` or `unasked`.

    `reason` is the code that says why none of the installations the caller sees would do.
    """

    outcome: str
    redirect_url: str | None = None
    state: str | None = None
    installations: list[Proven] | None = None
    account: str | None = None
    reason: str | None = None


def answer_of(request: Request, outcome: Outcome, pages: Pages, redirected: HTTPStatus) -> Response:
    """Return the answer: to browsers a page or a way on, to programs what it came to; raises a refusal."""
    if not prefers_page(request):
        return Json(_going(outcome, pages))
    match outcome:
        case Connected(return_to):
            return RedirectResponse(pages.back(return_to).url, redirected.value)
        case GoOn(url, None):
            return RedirectResponse(url, redirected.value)
        case GoOn(url, unproven):
            words = "" if unproven is None else unproven.message
            action = Link("Install on another account", url)
            back = pages.back_refused(unproven) if unproven else pages.back()
            return pages.show(request, "None of them is yours to connect", words, action=action, back=back)
        case Again(refusal, url):
            return pages.refuse(request, refusal, again=Link("Try again", url))
        case Choose():
            return _choice(request, outcome, pages)
        case AwaitingApproval(account, return_to):
            return pages.show(
                request,
                "An owner has been asked",
                f"An owner of {account or 'the account'} has to approve the app. It connects by itself when "
                "they do; the request waits for 30 days.",
                action=pages.back(return_to),
            )
        case Unasked(setup_action):
            return pages.show(request, *_UNASKED[setup_action])
        case _:
            assert_never(outcome)


_INSTALLED = (
    "The app is installed",
    "If someone of your team asked for it, their organization in crewkit connects by itself within moments.",
    "If you came here on your own, open your organization's integrations in crewkit and connect it there.",
)
_UNASKED: Mapping[SetupAction | None, tuple[str, ...]] = {
    SetupAction.INSTALL: _INSTALLED,
    SetupAction.UPDATE: (
        "Your changes are saved",
        "What the app may see has changed, and crewkit follows within moments. You can close this page.",
    ),
    SetupAction.REQUEST: (
        "An owner has been asked",
        "An owner of the account has to approve the app. Then connect it in crewkit.",
    ),
    None: (
        "Nothing to do here",
        "This page belongs to connecting an account. Open your organization's integrations in crewkit.",
    ),
}


def _choice(request: Request, choice: Choose, pages: Pages) -> Response:
    return pages.show(
        request,
        "Which account?",
        "Our app is installed on several accounts of yours. Choose the one to connect.",
        form=_form(choice.state, choice.installations),
        action=Link("Install on another account", _anew(request, choice.organization_id, choice.return_to)),
        back=pages.back(choice.return_to),
    )


def _anew(request: Request, organization_id: UUID, return_to: str) -> str:
    query = {"organization_id": str(organization_id), "return_to": return_to, "mode": "new"}
    return f"{INSTALL.format(provider=request.path_params['provider'])}?{urlencode(query)}"


def _form(state: str, installations: Sequence[Installation]) -> str:
    buttons = "".join(
        f'<p><button name="installation_id" value="{escape(one.provider_id)}">'
        f"{escape(one.account_login)}</button></p>"
        for one in installations
    )
    return f'<form method="post"><input type="hidden" name="state" value="{escape(state)}">{buttons}</form>'


def _going(outcome: Outcome, pages: Pages) -> Going:
    match outcome:
        case Connected(return_to):
            return Going("connected", pages.back(return_to).url)
        case GoOn(url, unproven):
            return Going("continue", url, reason=unproven.code if unproven else None)
        case Again(refusal):
            raise refusal
        case Choose(state, installations):
            proven = [Proven(one.provider_id, one.account_login) for one in installations]
            return Going("choose", state=state, installations=proven)
        case AwaitingApproval(account, return_to):
            return Going("awaiting_approval", pages.back(return_to).url, account=account)
        case Unasked():
            return Going("unasked", pages.back().url)
        case _:
            assert_never(outcome)
