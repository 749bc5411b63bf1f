"""How a step of installing looks to a person, and to a program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import assert_never
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.flows.callback import SetupAction
from core.domain.organizations import Organization
from core.use_cases.install.prove_installations import FailedProof
from core.use_cases.install.results import (
    AwaitingApproval,
    Checking,
    Choose,
    ChooseRequest,
    Connected,
    InstallResult,
    NoFlow,
    RedirectTo,
    RetryLater,
)
from entrypoints.rest.browser.pages import Link, Pages, name_provider, prefers_page, sign_on_url, with_query
from entrypoints.rest.http.json_response import Json

INSTALL = "/api/v1/git/{provider}/install"


class Proven(msgspec.Struct):
    """An installation that the user can choose. `account` is the account on which the app is installed."""

    installation_id: str
    account: str


class NotProven(msgspec.Struct):
    """An installation that cannot be connected or could not be checked. `reason` is an error code."""

    installation_id: str
    account: str
    reason: str


class Requested(msgspec.Struct):
    """An account whose owners the user has asked to approve the app."""

    account_id: str
    account: str


class Going(msgspec.Struct):
    """The result of a step of the browser flow, and the next step.

    `outcome` is one of these:

    - `connected`: The organization is connected. Open `redirect_url`.
    - `continue`: Open `redirect_url`, a page of the provider. If `reason` is set, it is the error code that
      explains why the user cannot connect any of the existing installations.
    - `checking`: `checked` of `total` repositories of `account` have been checked. Open `redirect_url` to
      continue.
    - `choose`: The user chooses an installation. Post `state` and an `installation_id` from `installations`
      or `unchecked`. For other unchecked installations, post `state` and a `page` from 0 to `pages` - 1.
      `failed` lists the installations that cannot be connected or could not be checked.
    - `choose_request`: The user has several approval requests. Post `state` and an `account_id` from
      `requests`.
    - `awaiting_approval`: An owner of `account` must approve the app. Open `redirect_url`.
    - `unasked`: The redirect does not belong to a flow of this browser. Open `redirect_url`.
    """

    outcome: str
    redirect_url: str | None = None
    state: str | None = None
    installations: list[Proven] | None = None
    unchecked: list[Proven] | None = None
    failed: list[NotProven] | None = None
    page: int | None = None
    pages: int | None = None
    requests: list[Requested] | None = None
    checked: int | None = None
    total: int | None = None
    account: str | None = None
    reason: str | None = None


def answer_of(request: Request, outcome: InstallResult, pages: Pages, redirected: HTTPStatus) -> Response:
    """Return the answer: to browsers a page or a way on, to programs what it came to; raises a refusal."""
    if not prefers_page(request):
        return Json(_going(outcome, pages))
    match outcome:
        case Connected(return_to):
            return RedirectResponse(pages.back(_add_confirmation(request, return_to)).url, redirected.value)
        case RedirectTo(url, None):
            return RedirectResponse(url, redirected.value)
        case RedirectTo(url, unproven):
            words = "" if unproven is None else unproven.message
            action = Link("Install on another account", url)
            back = pages.back_refused(unproven) if unproven else pages.back()
            return pages.show(
                request,
                "No installed account can be connected",
                words,
                "Install the app on another account.",
                action=action,
                back=back,
            )
        case RetryLater(refusal, url):
            return pages.refuse(request, refusal, again=Link("Try again", url))
        case Checking() | Choose() | ChooseRequest():
            return _own_page(request, outcome, pages)
        case AwaitingApproval(account, return_to):
            return pages.show(
                request,
                "Approval requested",
                f"An owner of {account or 'the account'} has to approve the app. The account is then "
                "connected automatically. The request expires after 30 days.",
                action=pages.back(return_to),
            )
        case NoFlow(setup_action, organizations):
            return _unasked(request, setup_action, organizations, pages)
        case _:
            assert_never(outcome)


def _own_page(request: Request, outcome: Checking | Choose | ChooseRequest, pages: Pages) -> Response:
    match outcome:
        case Checking():
            return _checking(request, outcome, pages)
        case Choose():
            return _choice(request, outcome, pages)
        case _:
            return _request_choice(request, outcome, pages)


_INSTALLED = (
    "The app is installed",
    "If a member of your team requested it, their crewkit organization is connected within a few seconds.",
    "If you installed it yourself, connect it to an organization in crewkit.",
)
_UNASKED: Mapping[SetupAction | None, tuple[str, ...]] = {
    SetupAction.INSTALL: _INSTALLED,
    SetupAction.UPDATE: (
        "Your changes are saved",
        "Connected organizations are updated within a few seconds.",
        "If the app is not connected to an organization in crewkit yet, connect it now.",
    ),
    SetupAction.REQUEST: (
        "Approval requested",
        "An owner of the account has to approve the app. Then connect the account in crewkit.",
    ),
    None: ("Nothing to do here", "To connect an account, open your organization's integrations in crewkit."),
}


# More than this many organizations are chosen among in the dashboard.
_MOST_OFFERED = 20


def _unasked(
    request: Request, setup_action: SetupAction | None, organizations: Sequence[Organization], pages: Pages
) -> Response:
    """Return the page of a return that no flow here belongs to, with what connects the installation."""
    offers = [
        Link(
            f"Connect {one.name}",
            _install(
                request, one.external_id, return_to=f"/kit/{one.external_id}/settings/integrations", mode="existing"
            ),
        )
        for one in organizations[:_MOST_OFFERED]
    ]
    return pages.show(
        request,
        *_UNASKED[setup_action],
        template="buttons.html",
        buttons=offers,
        action=Link("Open integrations", pages.back("/kit/settings/integrations").url),
    )


def _add_confirmation(request: Request, return_to: str) -> str:
    """Return the path with the parameter that makes the dashboard confirm; other paths stay unchanged."""
    if not return_to.startswith("/kit/"):
        return return_to
    return with_query(return_to, connected=request.path_params["provider"])


def _request_choice(request: Request, choice: ChooseRequest, pages: Pages) -> Response:
    options = [(one.account_id, one.account_login) for one in choice.requests]
    return pages.show(
        request,
        "Choose the requested account",
        "You asked the owners of several accounts to approve the app. Choose the account for this "
        "organization. The account is connected when an owner approves the app.",
        template="choose_request.html",
        state=choice.state,
        options=options,
        action=pages.back(choice.return_to),
    )


def _checking(request: Request, checking: Checking, pages: Pages) -> Response:
    """Return the page that shows how far a proof has come, and continues it without a click."""
    done = f"{checking.checked:,} of {checking.total:,}" if checking.total else "Starting"
    return pages.show(
        request,
        f"Checking {checking.account}",
        "crewkit checks that you are an admin of every repository of this account. This page updates automatically.",
        f"Repositories checked: {done}.",
        template="checking.html",
        checked=checking.checked,
        total=checking.total,
        action=Link("Continue now", checking.url),
        back=pages.back(checking.return_to),
        continues_at=checking.url,
    )


def _choice(request: Request, choice: Choose, pages: Pages) -> Response:
    words = "The app is installed on several accounts. Choose the account to connect."
    if not choice.installations:
        words = "crewkit has not confirmed an account that you can connect. " + (
            "Choose an account below to check it, or see the reasons."
            if choice.unchecked
            else "See the reasons, or install the app on another account."
        )
    return pages.show(
        request,
        "Choose an account",
        words,
        template="choose_account.html",
        choice=choice,
        options=[(one.provider_id, one.account_login) for one in choice.installations],
        retriable=[_failure(request, failed) for failed in choice.failed if not failed.is_final],
        final=[_failure(request, failed) for failed in choice.failed if failed.is_final],
        action=Link(
            "Install on another account",
            _install(request, choice.organization_id, return_to=choice.return_to, mode="new"),
        ),
        back=pages.back(choice.return_to),
    )


@dataclass(frozen=True, slots=True)
class _Failure:
    """An account that cannot be connected, for the page."""

    account: str
    message: str
    code: str
    sign_on_url: str | None


def _failure(request: Request, failed: FailedProof) -> _Failure:
    error = failed.refusal
    return _Failure(
        failed.installation.account_login, name_provider(request, error.message), error.code, sign_on_url(error)
    )


def _install(request: Request, organization_id: UUID, *, return_to: str, mode: str) -> str:
    path = INSTALL.format(provider=request.path_params["provider"])
    return with_query(path, organization_id=str(organization_id), return_to=return_to, mode=mode)


def _going(outcome: InstallResult, pages: Pages) -> Going:
    match outcome:
        case Connected(return_to):
            return Going("connected", pages.back(return_to).url)
        case RedirectTo(url, unproven):
            return Going("continue", url, reason=unproven.code if unproven else None)
        case RetryLater(refusal):
            raise refusal
        case Checking(url, account, checked, total):
            return Going("checking", url, account=account, checked=checked, total=total)
        case Choose():
            return Going(
                "choose",
                state=outcome.state,
                installations=[Proven(one.provider_id, one.account_login) for one in outcome.installations],
                unchecked=[Proven(one.provider_id, one.account_login) for one in outcome.unchecked],
                failed=[
                    NotProven(one.installation.provider_id, one.installation.account_login, one.refusal.code)
                    for one in outcome.failed
                ],
                page=outcome.page,
                pages=outcome.pages,
            )
        case ChooseRequest(state, requests):
            asked = [Requested(one.account_id, one.account_login) for one in requests]
            return Going("choose_request", state=state, requests=asked)
        case AwaitingApproval(account, return_to):
            return Going("awaiting_approval", pages.back(return_to).url, account=account)
        case NoFlow():
            return Going("unasked", pages.back().url)
        case _:
            assert_never(outcome)
