"""Run `crewkit-git register-app` with a sandbox and the browser of its user."""

import asyncio
import html
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.servers.fork_server import start_module
from tests.support.servers.sandbox import MARA, RunningSandbox


@dataclass
class Registration:
    """The running command, and the browser of its user."""

    process: "subprocess.Popen[bytes]"
    first_page: str
    file: Path
    browser: httpx.AsyncClient
    sandbox: RunningSandbox

    async def create(self, *, owner: str = MARA, name: str | None = None) -> str:
        """Press the buttons of our page and of GitHub's; return the address the browser is sent back to.

        With a name, that is entered on GitHub's page.
        """
        page = await self.browser.get(self.first_page)
        target = html.unescape(first_group(r'<form action="([^"]+)"', page.text))
        manifest = html.unescape(first_group(r'name="manifest" value="([^"]+)"', page.text))
        assert target.startswith(self.sandbox.url)
        response = await self.browser.post(target, data={"manifest": manifest})
        assert f"Create GitHub App as {MARA}" in response.text, response.text
        state = parse_qs(urlsplit(target).query)["state"][0]
        shown = html.unescape(first_group(r'<input name="name" value="([^"]*)"', response.text))
        form = {"manifest": manifest, "name": name or shown, "person": MARA, "owner": owner, "state": state}
        made = await self.browser.post(f"{self.sandbox.url}/settings/apps/from-manifest", data=form)
        return str(made.headers["location"])

    async def wait_for_end(self) -> tuple[int, str]:
        """Wait for the command; return its status and all it said since the first page."""
        return await asyncio.to_thread(_wait, self.process)


def first_group(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


@asynccontextmanager
async def run_registration(sandbox: RunningSandbox, file: Path, *arguments: str) -> AsyncIterator[Registration]:
    """Run the command at the sandbox for the length of the block."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    process = start_module(
        *("entrypoints.cli.main", "register-app", "--no-browser"),
        *("--github-url", sandbox.url, "--file", str(file), *arguments),
        environment=inherited,
    )
    assert process.stdout is not None
    first_page = ""
    while not first_page.startswith("http"):
        line = await asyncio.to_thread(process.stdout.readline)
        if not line:
            raise AssertionError((await asyncio.to_thread(_wait, process))[1])
        first_page = line.decode().strip()
    async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
        try:
            yield Registration(process, first_page, file, browser, sandbox)
        finally:
            process.kill()
            await asyncio.to_thread(_wait, process)


def _wait(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Wait for the end of the process; return its exit code and the rest of its output and of its errors."""
    texts = []
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        if not stream.closed:
            with stream:
                texts.append(stream.read().decode())
    return process.wait(), "".join(texts)


def read(file: Path) -> dict[str, str]:
    """Read a file of variables."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
