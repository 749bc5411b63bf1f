"""Read with githubkit: in one context with the argument `kept`, or with a client per call as in its first example."""

import asyncio
import sys
import time

from githubkit import GitHub


async def main(url: str, rounds: int, *, kept: bool) -> None:
    """Read everything once to warm up, then again and again."""
    client = GitHub("ghs_bench", base_url=url, http_cache=False)
    if kept:
        async with client:
            await _rounds(client, rounds)
    else:
        await _rounds(client, rounds)


async def _rounds(client: GitHub, rounds: int) -> None:
    await _read(client)
    for _ in range(rounds):
        before = time.process_time()
        read = await _read(client)
        print(time.process_time() - before, read, flush=True)


async def _read(client: GitHub) -> int:
    number, read, total = 1, 0, 1
    while read < total:
        answer = await client.rest.apps.async_list_repos_accessible_to_installation(per_page=100, page=number)
        page = answer.parsed_data
        total, number = page.total_count, number + 1
        read += len([(one.id, one.full_name, one.default_branch) for one in page.repositories])
    return read


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), kept="kept" in sys.argv[3:]))
