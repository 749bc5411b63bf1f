"""Read with httpx and a typed decoder alone, page after page: what any client on httpx must spend."""

import asyncio
import sys
import time

import httpx
import msgspec
import uvloop

from adapters.github.api.repository_responses import RepositoriesResponse

_decode = msgspec.json.Decoder(RepositoriesResponse).decode


async def main(url: str, rounds: int) -> None:
    """Read everything once to warm up, then again and again."""
    async with httpx.AsyncClient(headers={"authorization": "Bearer ghs_bench"}) as client:
        await _read(client, url)
        for _ in range(rounds):
            before = time.process_time()
            read = await _read(client, url)
            print(time.process_time() - before, read, flush=True)


async def _read(client: httpx.AsyncClient, url: str) -> int:
    next_page: str | None = f"{url}/installation/repositories?per_page=100"
    read = 0
    while next_page is not None:
        answer = await client.get(next_page)
        read += len(_decode(answer.content).repositories)
        next_page = answer.links.get("next", {}).get("url")
    return read


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
