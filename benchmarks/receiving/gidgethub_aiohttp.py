"""gidgethub on aiohttp and uvloop: parses and dispatches, stores nothing."""

import os

import uvloop
from aiohttp import web
from gidgethub import ValidationFailure, routing, sansio

from benchmarks.common.deliveries import PATH

SECRET = os.environ["WEBHOOK_SECRET"]
router = routing.Router()


@router.register("push")
async def on_push(event: sansio.Event) -> None:
    """Do nothing with a push."""


async def receive(request: web.Request) -> web.Response:
    """Verify, parse, dispatch."""
    body = await request.read()
    try:
        event = sansio.Event.from_http(request.headers, body, secret=SECRET)
    except ValidationFailure:
        return web.Response(status=401)
    await router.dispatch(event)
    return web.Response(status=202)


def main() -> None:
    """Serve on the port that the environment names."""
    app = web.Application(client_max_size=25 * 1024 * 1024)
    app.router.add_post(PATH, receive)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, loop=loop, print=None)


if __name__ == "__main__":
    main()
