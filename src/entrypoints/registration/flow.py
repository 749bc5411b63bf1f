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
from entrypoints.process.private_files import Kept, NowhereToKeep
from entrypoints.registration import pages

_MOST_STATES = 32
_TRIES = 3
# Of a return that is under way: its tries and the pauses between them.
_LONGEST_RETURN_SECONDS = 75.0

_AGAIN = "Delete the app on GitHub (Settings > Developer settings > GitHub Apps), then run this command again."

Keep = Callable[[bytes, RegisteredApp | None], Kept]
"""Keeps what GitHub answered: as an app, or as it came where it cannot be read."""


class RegistrationFailed(Exception):
    """No app, or none whose secrets are in a file; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An app, and where its secrets are."""

    app: RegisteredApp
    kept: Kept


Outcome = Registered | RegistrationFailed


@dataclass(frozen=True, slots=True)
class Shown:
    """What a browser gets. The last one ends the registration as soon as it was sent."""

    status: HTTPStatus
    page: str
    is_last: bool = False


@dataclass(slots=True)
class RegistrationFlow:
    """One registration: the page that begins it, and the return that ends it.

    Called from the threads of a server; whoever started it waits for the outcome in another.
    """

    registrar: Registrar
    wish: AppRegistrationRequest
    keep: Keep
    pause: Callable[[float], None] = time.sleep
    _states: list[str] = field(default_factory=list)
    _returning: threading.Lock = field(default_factory=threading.Lock)
    is_interrupted: bool = False
    # A queue, since unlike an event it may be filled by a signal's handler while its thread waits for it.
    _ends: "queue.SimpleQueue[None]" = field(default_factory=queue.SimpleQueue)
    _outcome: Outcome | None = None
    _answer_lost: bool = False

    def begin(self, *, return_url: str) -> Shown:
        """Show the page whose button brings the manifest to GitHub; each showing has a state of its own."""
        state = secrets.token_urlsafe(32)
        self._states[:] = [*self._states[-_MOST_STATES:], state]
        page = pages.render_begin(
            name=self.wish.name,
            github=self.registrar.addresses.web,
            target=self.registrar.page(state=state),
            manifest=self.registrar.manifest(self.wish, redirect_url=return_url),
        )
        return Shown(HTTPStatus.OK, page)

    def finish(self, *, state: str, code: str) -> Shown:
        """Fetch the app that GitHub made, and keep its secrets before anything else is done.

        A state is good for one return, so that nobody's app is taken for the one that was asked for.
        """
        with self._returning:
            known = next((one for one in self._states if _is_same(one, state)), None)
            if known is None or not code:
                return Shown(HTTPStatus.BAD_REQUEST, pages.render_unknown_return())
            self._states.clear()
            try:
                self._outcome = registered = self._fetch(Secret(code))
            except ProviderUnavailable as unavailable:
                self._states.append(known)  # the code is still good, so the same return may be tried again
                return Shown(HTTPStatus.SERVICE_UNAVAILABLE, pages.render_reload(unavailable.message))
            except RegistrationFailed as failed:
                self._outcome = failed
                return Shown(HTTPStatus.BAD_GATEWAY, pages.render_failure(str(failed)), is_last=True)
        page = pages.render_registered(registered.app, str(registered.kept.path))
        return Shown(HTTPStatus.OK, page, is_last=True)

    def end(self) -> None:
        """Let whoever waits go on."""
        self._ends.put(None)

    def interrupt(self) -> None:
        """Wait no longer than for a return that is under way; may be called by a signal's handler."""
        self.is_interrupted = True
        self.end()

    def wait(self, seconds: float) -> Registered | None:
        """Return the app, or None where nobody came back in time; raises `RegistrationFailed`."""
        with suppress(queue.Empty):
            self._ends.get(timeout=seconds)
        # Of a return that is under way an app exists already, whose secrets nobody else has.
        if self._returning.acquire(timeout=_LONGEST_RETURN_SECONDS):
            self._returning.release()
        if isinstance(self._outcome, RegistrationFailed):
            raise self._outcome
        return self._outcome

    def _fetch(self, code: Secret) -> Registered:
        answer = self._convert(code)
        try:
            app = self.registrar.read(answer)
        except ValueError:
            app = None
        try:
            kept = self.keep(answer, app)
        except NowhereToKeep as nowhere:
            page = app.html_url if app else "its page on GitHub"
            raise RegistrationFailed(
                f"GitHub created the app, but its secrets could not be written to a file ({nowhere}). Free "
                "disk space or fix the permissions. Then generate a new client secret, private key and "
                f"webhook secret on {page}, or delete the app there and register again."
            ) from nowhere
        if app is None:
            raise RegistrationFailed(
                "GitHub created the app, but its response has an unknown format. The response is in "
                f"{kept.path}. Copy the app id, client id, secrets and private key from there, and report "
                "this as a bug."
            )
        return Registered(app, kept)

    def _convert(self, code: Secret) -> bytes:
        for attempt in range(1, _TRIES):
            try:
                return self._ask(code)
            except ProviderUnavailable:
                self.pause(attempt / 2)
        return self._ask(code)

    def _ask(self, code: Secret) -> bytes:
        try:
            return asyncio.run(self.registrar.convert(code))
        except ProviderUnavailable:
            self._answer_lost = True
            raise
        except DomainError as refused:
            why = (
                "an earlier response was lost, and GitHub returns the secrets of an app only once"
                if self._answer_lost
                else "the code was used before or is more than an hour old"
            )
            raise RegistrationFailed(
                f"GitHub did not return the app's secrets. The likely reason: {why}. {refused.message} {_AGAIN}"
            ) from refused


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))
