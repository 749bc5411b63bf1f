"""The response to a step of installing: a page or a redirect for a browser, JSON for a program."""

from collections.abc import Mapping, Sequence
from typing import assert_never
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.domain.flows.callback import SetupAction
from core.domain.install.installations import Installation, VisibleInstallation
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
from entrypoints.rest.browser.browser_flow import redirect
from entrypoints.rest.browser.pages import Link, Pages, sign_on_url, with_query
from entrypoints.rest.http.requests import prefers_page
from entrypoints.rest.http.responses import Json

INSTALL = "/api/v1/git/{provider}/install"

# Users with more organizations choose the organization in the dashboard.
_MAX_OFFERS = 20
_NO_FLOW_TEXTS: Mapping[SetupAction | None, tuple[str, ...]] = {
    SetupAction.INSTALL: (
        "The app is installed",
        "If a member of your team requested it, their crewkit organization is connected within a few seconds.",
        "If you installed it yourself, connect it to an organization in crewkit.",
    ),
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


class ProvenInstallation(msgspec.Struct):
    """An installation that the user can choose. `account` is the account on which the app is installed."""

    installation_id: str
    account: str


class FailedInstallation(msgspec.Struct):
    """An installation that cannot be connected or could not be checked. `reason` is an error code."""

    installation_id: str
    account: str
    reason: str


class RequestedAccount(msgspec.Struct):
    """An account whose owners the user has asked to approve the app."""

    account_id: str
    account: str


class InstallStep(msgspec.Struct):
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
    installations: list[ProvenInstallation] | None = None
    unchecked: list[ProvenInstallation] | None = None
    failed: list[FailedInstallation] | None = None
    page: int | None = None
    pages: int | None = None
    requests: list[RequestedAccount] | None = None
    checked: int | None = None
    total: int | None = None
    account: str | None = None
    reason: str | None = None


def integrations_path(organization_id: UUID) -> str:
    """Return the path of the dashboard's page with the integrations of an organization."""
    return f"/kit/{organization_id}/settings/integrations"


def install_response(request: Request, result: InstallResult, pages: Pages) -> Response:
    """Return the response for this browser or program; raises the error of a failed step for a program."""
    if not prefers_page(request):
        return Json(_to_json(result, pages))
    match result:
        case Connected(return_to):
            return redirect(request, pages.back(_add_confirmation(request, return_to)).url)
        case RedirectTo(url, None):
            return redirect(request, url)
        case RetryLater(error, url):
            return pages.show_failure(request, error, retry=Link("Try again", url))
        case _:
            return _show_step(request, result, pages)


def _show_step(
    request: Request, result: RedirectTo | Checking | Choose | ChooseRequest | AwaitingApproval | NoFlow, pages: Pages
) -> Response:
    match result:
        case RedirectTo(url, error):
            return pages.show(
                request,
                "No installed account can be connected",
                "" if error is None else error.message,
                "Install the app on another account.",
                action=Link("Install on another account", url),
                back=pages.back() if error is None else pages.back_with_error(error),
            )
        case Checking():
            return _show_progress(request, result, pages)
        case Choose():
            return _show_choice(request, result, pages)
        case ChooseRequest():
            return pages.show(
                request,
                "Choose the requested account",
                "You asked the owners of several accounts to approve the app. Choose the account for this "
                "organization. The account is connected when an owner approves the app.",
                template="choose_request.html",
                state=result.state,
                options=[(approval.account_id, approval.account_login) for approval in result.requests],
                action=pages.back(result.return_to),
            )
        case AwaitingApproval(account, return_to):
            return pages.show(
                request,
                "Approval requested",
                f"An owner of {account or 'the account'} has to approve the app. The account is then "
                "connected automatically. The request expires after 30 days.",
                action=pages.back(return_to),
            )
        case NoFlow():
            return _show_offers(request, result, pages)
        case _:
            assert_never(result)


def _show_offers(request: Request, result: NoFlow, pages: Pages) -> Response:
    """Return the page for a return without a flow, with buttons to connect the installation."""
    organizations = result.organizations[:_MAX_OFFERS]
    return pages.show(
        request,
        *_NO_FLOW_TEXTS[result.setup_action],
        template="buttons.html",
        buttons=[
            Link(
                f"Connect {organization.name}",
                _install_url(
                    request,
                    organization.external_id,
                    return_to=integrations_path(organization.external_id),
                    mode="existing",
                ),
            )
            for organization in organizations
        ],
        action=Link("Open integrations", pages.back("/kit/settings/integrations").url),
    )


def _add_confirmation(request: Request, return_to: str) -> str:
    """Return the path with the parameter that makes the dashboard confirm; other paths stay unchanged."""
    if not return_to.startswith("/kit/"):
        return return_to
    return with_query(return_to, connected=request.path_params["provider"])


def _show_progress(request: Request, checking: Checking, pages: Pages) -> Response:
    """Return the page with the progress of a proof. The page continues the proof without a click."""
    progress = f"{checking.checked:,} of {checking.total:,}" if checking.total else "Starting"
    return pages.show(
        request,
        f"Checking {checking.account}",
        "crewkit checks that you are an admin of every repository of this account. This page updates automatically.",
        f"Repositories checked: {progress}.",
        template="checking.html",
        checked=checking.checked,
        total=checking.total,
        action=Link("Continue now", checking.url),
        back=pages.back(checking.return_to),
        continue_url=checking.url,
    )


def _show_choice(request: Request, choice: Choose, pages: Pages) -> Response:
    text = "The app is installed on several accounts. Choose the account to connect."
    if not choice.installations:
        text = "crewkit has not confirmed an account that you can connect. " + (
            "Choose an account below to check it, or see the reasons."
            if choice.unchecked
            else "See the reasons, or install the app on another account."
        )
    return pages.show(
        request,
        "Choose an account",
        text,
        template="choose_account.html",
        choice=choice,
        options=[(installation.provider_id, installation.account_login) for installation in choice.installations],
        retriable=[_failure(request, pages, proof) for proof in choice.failed if not proof.is_final],
        final=[_failure(request, pages, proof) for proof in choice.failed if proof.is_final],
        action=Link(
            "Install on another account",
            _install_url(request, choice.organization_id, return_to=choice.return_to, mode="new"),
        ),
        back=pages.back(choice.return_to),
    )


def _failure(request: Request, pages: Pages, proof: FailedProof) -> dict[str, str | None]:
    """Return the values of an account that cannot be connected, for the template."""
    error = proof.refusal
    return {
        "account": proof.installation.account_login,
        "message": pages.name_provider(request, error.message),
        "code": error.code,
        "sign_on_url": sign_on_url(error),
    }


def _install_url(request: Request, organization_id: UUID, *, return_to: str, mode: str) -> str:
    path = INSTALL.format(provider=request.path_params["provider"])
    return with_query(path, organization_id=str(organization_id), return_to=return_to, mode=mode)


def _to_bodies(installations: Sequence[Installation | VisibleInstallation]) -> list[ProvenInstallation]:
    return [ProvenInstallation(listed.provider_id, listed.account_login) for listed in installations]


def _to_json(result: InstallResult, pages: Pages) -> InstallStep:
    match result:
        case Connected(return_to):
            return InstallStep("connected", pages.back(return_to).url)
        case RedirectTo(url, error):
            return InstallStep("continue", url, reason=error.code if error else None)
        case RetryLater(error):
            raise error
        case Checking(url, account, checked, total):
            return InstallStep("checking", url, account=account, checked=checked, total=total)
        case Choose():
            return InstallStep(
                "choose",
                state=result.state,
                installations=_to_bodies(result.installations),
                unchecked=_to_bodies(result.unchecked),
                failed=[
                    FailedInstallation(
                        proof.installation.provider_id, proof.installation.account_login, proof.refusal.code
                    )
                    for proof in result.failed
                ],
                page=result.page,
                pages=result.pages,
            )
        case ChooseRequest(state, requests):
            accounts = [RequestedAccount(approval.account_id, approval.account_login) for approval in requests]
            return InstallStep("choose_request", state=state, requests=accounts)
        case AwaitingApproval(account, return_to):
            return InstallStep("awaiting_approval", pages.back(return_to).url, account=account)
        case NoFlow():
            # language: allow "unasked" - a released value of the API
            return InstallStep("unasked", pages.back().url)
        case _:
            assert_never(result)
