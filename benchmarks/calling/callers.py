"""Call a server over gRPC, or keep streams open. Input and output are JSON."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import grpc
import uvloop

_CHANNELS = 10


async def _call(
    target: str, method: str, request: str, metadata: Sequence[Sequence[str]], how: Mapping[str, float]
) -> Mapping[str, float]:
    """Keep so many calls in flight for so long."""
    took: list[float] = []
    async with grpc.aio.insecure_channel(target) as channel:
        call: Any = channel.unary_unary(method)  # untyped without stubs
        given = tuple((name, value) for name, value in metadata)
        until = time.perf_counter() + how["seconds"]

        async def caller() -> None:
            while (began := time.perf_counter()) < until:
                await call(bytes.fromhex(request), metadata=given)
                took.append(time.perf_counter() - began)

        await asyncio.gather(*(caller() for _ in range(int(how["in_flight"]))))
    return {"calls": len(took), "p50_ms": median(took) * 1000}


async def _wait(target: str, method: str, request: str, tokens: Sequence[str], how: Mapping[str, int]) -> None:
    """Open this many streams, report when all have started, and keep them open until asked to stop."""
    channels = [
        # Each has its own connection; by default all calls to one address share one.
        grpc.aio.insecure_channel(target, options=(("grpc.use_local_subchannel_pool", 1),))
        for _ in range(_CHANNELS)
    ]
    streams = []
    for number in range(how["streams"]):
        open_stream: Any = channels[number % _CHANNELS].unary_stream(method)  # untyped without stubs
        stream = open_stream(bytes.fromhex(request), metadata=(("authorization", tokens[number % len(tokens)]),))
        await stream.read()
        streams.append(stream)
    sys.stdout.write(json.dumps({"streams": len(streams)}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for channel in channels:
        await channel.close()


if __name__ == "__main__":
    parameters = json.loads(sys.argv[1])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if "streams" in parameters["how"]:
            runner.run(_wait(**parameters))
        else:
            sys.stdout.write(json.dumps(runner.run(_call(**parameters))) + "\n")
