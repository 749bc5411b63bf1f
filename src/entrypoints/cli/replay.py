import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

import click
import httpx

from entrypoints.bootstrap.signing import github_signature

# The namespace of replayed deliveries: the same event and body always get the same delivery id.
_NAMESPACE = UUID("0d9f6d36-6a1c-5d0e-9a53-2b9e6c8f4a11")
_PROGRESS_EVERY = 1000


async def replay(
    paths: Sequence[Path], *, url: str, secret: str, new_ids: bool, concurrency: int, repeat: int
) -> Counter[str]:
    """Post payload files as signed deliveries and count the answers by status."""
    answers: Counter[str] = Counter()
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise click.ClickException(f"{url} is no address: {error}.") from error
    payloads = list(_payloads(paths))
    if not payloads:
        raise click.ClickException("There is no *.json file there.")
    waiting = iter(payloads * repeat)
    endpoint = f"{url.rstrip('/')}/api/v1/git/github/webhooks"
    async with httpx.AsyncClient(timeout=15) as client:

        async def send_the_rest() -> None:
            for event, body in waiting:
                answers[await _post(client, endpoint, event, body, secret=secret, new_id=new_ids)] += 1
                if answers.total() % _PROGRESS_EVERY == 0:
                    print(f"{answers.total()} sent", file=sys.stderr)

        await asyncio.gather(*(send_the_rest() for _ in range(concurrency)))
    return answers


def _payloads(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield event and body of each file; the event is the name of the folder the file is in."""
    for path in paths:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        for file in filter(Path.is_file, files):
            event = file.resolve().parent.name
            if not event.isascii():
                raise click.ClickException(f"{file}: its folder's name is no event.")
            yield event, file.read_bytes()


async def _post(
    client: httpx.AsyncClient, endpoint: str, event: str, body: bytes, *, secret: str, new_id: bool
) -> str:
    delivery = uuid4() if new_id else uuid5(_NAMESPACE, f"{event}\n{body.hex()}")
    headers = {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/replay",
        "x-github-event": event,
        "x-github-delivery": str(delivery),
        "x-hub-signature-256": github_signature(secret, body),
        "x-crewkit-replay": "1",
    }
    try:
        response = await client.post(endpoint, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"failed ({type(error).__name__})"
    meaning = {202: "accepted", 200: "duplicate"}.get(response.status_code)
    return f"{response.status_code} {meaning or _code(response)}"


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "(no problem of ours: is this the right address?)"
