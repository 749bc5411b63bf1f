"""Sign payload files and send them to a running service, as GitHub would."""

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

import click
import httpx

from core.domain.secret import Secret
from entrypoints.bootstrap.github import github_signature, replay_signature
from entrypoints.cli.environment import explain_how_to_start_demo, read_settings
from entrypoints.development.running_demo import find_running_demo
from entrypoints.edge.public_urls import WEBHOOKS
from entrypoints.process.outgoing import is_loopback
from entrypoints.settings.setting import PREFIX

# The namespace of replayed deliveries: the same event and body always get the same delivery id.
_NAMESPACE = UUID("0d9f6d36-6a1c-5d0e-9a53-2b9e6c8f4a11")
_TIMEOUT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Target:
    """The service that receives the deliveries, and the secret that signs them."""

    url: str
    secret: Secret


def find_target(url: str | None) -> Target:
    """Return the service at this address, or the service that `make run` started. Ends the command without one."""
    settings = read_settings("replay")
    demo = find_running_demo(settings.home)
    address = url or (demo.http_url if demo else None)
    problems = []
    if address is None:
        hint = explain_how_to_start_demo(os.environ) or "No running service was found."
        problems.append(f"{hint} To send to another service, pass its URL with --url.")
    if not settings.github_webhook_secrets:
        problems.append(
            f"No webhook secret is set. Set {PREFIX}GITHUB_WEBHOOK_SECRETS to the same value as in the service."
        )
    if address is None or problems:
        raise click.ClickException("\n".join(problems))
    return Target(address, settings.github_webhook_secrets[0])


@dataclass(frozen=True, slots=True)
class Replay:
    """Sends payload files as signed deliveries, several at the same time."""

    target: Target
    new_ids: bool = False
    concurrency: int = 8
    shows_progress: bool = False

    async def send(self, paths: Sequence[Path], *, repeat: int = 1) -> Counter[str]:
        """Send every file, and return how often each response was received."""
        endpoint = self._endpoint()
        payloads = list(_payloads(paths))
        if not payloads:
            raise click.ClickException(
                f"No *.json file was found in {', '.join(map(str, paths))}. Pass payload files, or folders "
                "that contain payload files."
            )
        answers: Counter[str] = Counter()
        remaining = iter(payloads * repeat)
        # A proxy of the environment is not for this machine.
        uses_proxy = not is_loopback(urlsplit(endpoint).hostname)
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=uses_proxy) as client:

            async def send_remaining() -> None:
                for event, body in remaining:
                    answers[await self._post(client, endpoint, event, body)] += 1

            with self._progress(answers, len(payloads) * repeat):
                await asyncio.gather(*(send_remaining() for _ in range(self.concurrency)))
        return answers

    def _endpoint(self) -> str:
        url = self.target.url
        try:
            _ = urlsplit(url).port
        except ValueError as error:
            raise click.ClickException(
                f"{url} is not a valid URL: {error}. Use a URL such as http://127.0.0.1:3050."
            ) from error
        return f"{url.rstrip('/')}{WEBHOOKS}"

    def _progress(self, answers: Counter[str], total: int) -> AbstractContextManager[object]:
        return report_progress(answers.total, total) if self.shows_progress else nullcontext()

    async def _post(self, client: httpx.AsyncClient, endpoint: str, event: str, body: bytes) -> str:
        delivery_id = uuid4() if self.new_ids else uuid5(_NAMESPACE, f"{event}\n{body.hex()}")
        secret = self.target.secret.reveal()
        signature = github_signature(secret, body)
        headers = {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/replay",
            "x-github-event": event,
            "x-github-delivery": str(delivery_id),
            "x-hub-signature-256": signature,
            "x-crewkit-replay": replay_signature(secret, signature),
        }
        try:
            response = await client.post(endpoint, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"failed ({type(error).__name__})"
        meaning = {202: "accepted", 200: "duplicate"}.get(response.status_code)
        return f"{response.status_code} {meaning or _code(response)}"


def _payloads(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield event and body of each file; the event is the name of the folder the file is in."""
    for path in paths:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for file in filter(Path.is_file, files):
            event = file.resolve().parent.name
            if not event.isascii():
                raise click.ClickException(
                    f"{file}: the name of the folder is not an event type. Move the file to a folder such as push."
                )
            yield event, file.read_bytes()


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "(not a response of this service; check the URL)"


_TERMINAL_INTERVAL_SECONDS = 0.2
_LOG_INTERVAL_SECONDS = 5.0


@contextmanager
def report_progress(count: Callable[[], int], total: int) -> Iterator[None]:
    """Show on standard error, while a block runs, how many items are sent and how many per second.

    At a terminal one line is rewritten. Elsewhere a line is added every five seconds. The last line has the
    totals.
    """
    is_terminal = sys.stderr.isatty()
    is_done = threading.Event()
    started = time.monotonic()

    def write(*, is_last: bool) -> None:
        seconds = max(time.monotonic() - started, 0.001)
        sent = count()
        text = f"{sent:,} of {total:,} sent in {seconds:,.1f} s, {sent / seconds:,.0f} per second"
        # Clears what is left of a longer line: https://en.wikipedia.org/wiki/ANSI_escape_code#CSI
        start, end = ("\r\x1b[K", is_last) if is_terminal else ("", True)
        click.echo(f"{start}{text}", nl=end, err=True)

    def run() -> None:
        while not is_done.wait(_TERMINAL_INTERVAL_SECONDS if is_terminal else _LOG_INTERVAL_SECONDS):
            write(is_last=False)

    # A thread, because a busy event loop would delay the report.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
        write(is_last=True)
