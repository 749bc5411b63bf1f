import asyncio
import hmac
import queue
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from core.domain.errors import DomainError
from core.domain.provider_errors import ProviderUnavailable
from core.domain.secret import Secret
from entrypoints.bootstrap.github import AppRegistrationRequest, RegisteredApp, Registrar
from entrypoints.process.private_files import NoWritableDirectory, StoredFile
from entrypoints.registration import pages

_MAX_STATES = 32
_MAX_ATTEMPTS = 3
# A return that is in progress takes at most this long: its attempts and the pauses between them.
_MAX_RETURN_SECONDS = 75.0

_AGAIN = "Delete the app on GitHub (Settings > Developer settings > GitHub Apps), then run this command again."

Keep = Callable[[bytes, RegisteredApp | None], StoredFile]
"""Stores GitHub's response in a file: as settings of an app, or unchanged if it cannot be read."""


class RegistrationFailed(Exception):
    """No app was registered, or its secrets could not be stored. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An app, and the file with its secrets."""

    app: RegisteredApp
    kept: StoredFile


Outcome = Registered | RegistrationFailed


@dataclass(frozen=True, slots=True)
class PageResponse:
    """A page for the browser. The registration ends when the last page was sent."""

    status: HTTPStatus
    page: str
    is_last: bool = False


@dataclass(slots=True)
class RegistrationFlow:
    """One registration: the page that begins it, and the return from GitHub that ends it.

    A server calls it in its threads. The command waits for the outcome in the main thread.
    """

    registrar: Registrar
    request: AppRegistrationRequest
    keep: Keep
    pause: Callable[[float], None] = time.sleep
    _states: list[str] = field(default_factory=list)
    _returning: threading.Lock = field(default_factory=threading.Lock)
    is_interrupted: bool = False
    # A queue, because a signal handler may fill it while its thread waits for it. An event does not permit that.
    _ends: "queue.SimpleQueue[None]" = field(default_factory=queue.SimpleQueue)
    _outcome: Outcome | None = None
    _response_lost: bool = False

    def begin(self, *, return_url: str) -> PageResponse:
        """Return the page whose button sends the manifest to GitHub. Each page has a new state."""
        state = secrets.token_urlsafe(32)
        self._states[:] = [*self._states[-_MAX_STATES:], state]
        page = pages.render_begin(
            name=self.request.name,
            github=self.registrar.addresses.web,
            target=self.registrar.page(state=state),
            manifest=self.registrar.manifest(self.request, redirect_url=return_url),
        )
        return PageResponse(HTTPStatus.OK, page)

    def finish(self, *, state: str, code: str) -> PageResponse:
        """Fetch the app that GitHub created, and store its secrets first.

        A state is valid for one return, so that an attacker cannot pass the code of another app.
        """
        with self._returning:
            expected = next((issued for issued in self._states if _is_same(issued, state)), None)
            if expected is None or not code:
                return PageResponse(HTTPStatus.BAD_REQUEST, pages.render_unknown_return())
            self._states.clear()
            try:
                self._outcome = registered = self._fetch(Secret(code))
            except ProviderUnavailable as unavailable:
                self._states.append(expected)  # the code is still valid, so the browser may repeat this return
                return PageResponse(HTTPStatus.SERVICE_UNAVAILABLE, pages.render_reload(unavailable.message))
            except RegistrationFailed as failure:
                self._outcome = failure
                return PageResponse(HTTPStatus.BAD_GATEWAY, pages.render_failure(str(failure)), is_last=True)
        page = pages.render_registered(registered.app, str(registered.kept.path))
        return PageResponse(HTTPStatus.OK, page, is_last=True)

    def end(self) -> None:
        """End the waiting."""
        self._ends.put(None)

    def interrupt(self) -> None:
        """End the waiting, except for a return that is in progress. A signal handler may call this."""
        self.is_interrupted = True
        self.end()

    def wait(self, seconds: float) -> Registered | None:
        """Return the app, or None if no browser returned in time; raises `RegistrationFailed`."""
        with suppress(queue.Empty):
            self._ends.get(timeout=seconds)
        # A return is in progress: the app exists already, and only this process can get its secrets.
        if self._returning.acquire(timeout=_MAX_RETURN_SECONDS):
            self._returning.release()
        if isinstance(self._outcome, RegistrationFailed):
            raise self._outcome
        return self._outcome

    def _fetch(self, code: Secret) -> Registered:
        response = self._convert(code)
        try:
            app = self.registrar.read(response)
        except ValueError:
            app = None
        try:
            kept = self.keep(response, app)
        except NoWritableDirectory as error:
            page = app.html_url if app else "its page on GitHub"
            raise RegistrationFailed(
                f"GitHub created the app, but its secrets could not be written to a file ({error}). Free "
                "disk space or fix the permissions. Then generate a new client secret, private key and "
                f"webhook secret on {page}, or delete the app there and register again."
            ) from error
        if app is None:
            raise RegistrationFailed(
                "GitHub created the app, but its response has an unknown format. The response is in "
                f"{kept.path}. Copy the app id, client id, secrets and private key from there, and report "
                "this as a bug."
            )
        return Registered(app, kept)

    def _convert(self, code: Secret) -> bytes:
        for attempt in range(1, _MAX_ATTEMPTS):
            try:
                return self._convert_once(code)
            except ProviderUnavailable:
                self.pause(attempt / 2)
        return self._convert_once(code)

    def _convert_once(self, code: Secret) -> bytes:
        try:
            return asyncio.run(self.registrar.convert(code))
        except ProviderUnavailable:
            self._response_lost = True
            raise
        except DomainError as error:
            why = (
                "an earlier response was lost, and GitHub returns the secrets of an app only once"
                if self._response_lost
                else "the code was used before or is more than an hour old"
            )
            raise RegistrationFailed(
                f"GitHub did not return the app's secrets. The likely reason: {why}. {error.message} {_AGAIN}"
            ) from error


def _is_same(state: str, received: str) -> bool:
    return hmac.compare_digest(state.encode(), received.encode(errors="replace"))
