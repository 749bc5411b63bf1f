"""`git clone` with a token, as services read the repositories of their projects."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.servers.sandbox import INSTALLATION, MARA, PAD, RunningSandbox


async def git(*arguments: str, folder: Path, token: str | None = None) -> tuple[int, str]:
    """Run git as a service would, with a token as password; returns its exit code and output."""
    header = []
    if token is not None:
        helper = f'!f() {{ echo "username=x-access-token"; echo "password={token}"; }}; f'
        header = ["-c", f"credential.helper={helper}"]
    process = await asyncio.create_subprocess_exec(
        "git",
        *header,
        *arguments,
        cwd=folder,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode().strip()


async def test_clones_what_was_pushed(running: RunningSandbox, tmp_path: Path) -> None:
    """Commits have the names, parents, authors and messages that the webhook said."""
    await running.act(MARA, "privatize_repository", repository=PAD)
    push = await running.act(
        MARA, "push", repository=PAD, messages=["Fuel", "Ignite"], authors=["Ada <ada@example.org>"], co_authors=[MARA]
    )
    await running.act(MARA, "push", repository=PAD, tag="v2", annotated=True)
    token = await running.installation_token(permissions={"contents": "read"})
    code, output = await git("clone", f"{running.url}/{PAD}.git", "pad", folder=tmp_path, token=token)
    assert code == 0, output
    clone = tmp_path / "pad"
    code, log = await git("log", "--format=%H %P %ae %s", folder=clone)
    newest, older, first = (line.split(" ") for line in log.splitlines())
    assert newest == [push["after"], older[0], "ada@example.org", "Ignite"]
    assert older[1] == push["before"] == first[0]
    assert await git("rev-parse", "v2^{commit}", folder=clone) == (0, push["after"])
    assert await git("fsck", "--strict", folder=clone) == (0, "")
    assert "Ignite" in (clone / "README.md").read_text()
    branches = (await git("branch", "--remotes", "--format=%(refname:short)", folder=clone))[1].split()
    assert "origin/feature/fuel-gauge" in branches

    later = await running.act(MARA, "push", repository=PAD, branch="feature/fuel-gauge", messages=["Gauge"])
    assert (await git("fetch", folder=clone, token=token))[0] == 0
    assert await git("rev-parse", "origin/feature/fuel-gauge", folder=clone) == (0, later["after"])
    assert (await git("clone", "--depth=1", f"{running.url}/{PAD}", "one", folder=tmp_path, token=token))[0] == 0
    assert await git("rev-list", "--count", "HEAD", folder=tmp_path / "one") == (0, "1")


async def test_forced_push_replaces_the_head(running: RunningSandbox, tmp_path: Path) -> None:
    """The replaced commit is not reachable any more."""
    await running.act(MARA, "push", repository=PAD, messages=["Wrong"])
    await running.act(MARA, "push", repository=PAD, messages=["Right"], force=True)
    token = await running.installation_token()
    assert (await git("clone", f"{running.url}/{PAD}.git", "pad", folder=tmp_path, token=token))[0] == 0
    assert (await git("log", "--format=%s", folder=tmp_path / "pad"))[1].splitlines() == ["Right", "Begin"]


async def test_refuses_what_the_token_does_not_allow(running: RunningSandbox, tmp_path: Path) -> None:
    """No token, a wrong one, one of another repository, one without contents, a suspended installation."""
    world, url = running.data, f"{running.url}/{PAD}.git"
    pad, other = world.repository(PAD), world.repository("acme-rockets/guidance")
    assert pad is not None
    assert other is not None
    await running.act(MARA, "privatize_repository", repository=PAD)
    allowed = await running.installation_token(repository_ids=[pad.id])
    tokens = {
        "could not read Username": None,
        "Authentication failed": "ghs_wrong",
        "Repository not found": await running.installation_token(repository_ids=[other.id]),
        "lacks the permission contents: read": await running.installation_token(permissions={"metadata": "read"}),
    }
    for text, token in tokens.items():
        code, output = await git("clone", url, "pad", folder=tmp_path, token=token)
        assert (code, text in output) == (128, True), output
    await running.act(MARA, "suspend", installation=INSTALLATION)
    code, output = await git("clone", url, "pad", folder=tmp_path, token=allowed)
    assert code == 128
    assert "403" in output


async def test_public_repository_needs_no_token(running: RunningSandbox, tmp_path: Path) -> None:
    """Everyone may read a public repository, and nobody may push."""
    await running.act(MARA, "publicize_repository", repository=PAD)
    assert (await git("clone", f"{running.url}/{PAD}.git", "pad", folder=tmp_path))[0] == 0
    token = await running.installation_token()
    code, output = await git("push", "origin", "HEAD:new", folder=tmp_path / "pad", token=token)
    assert code == 128
    assert "403" in output


@pytest.mark.parametrize(("path", "status"), [("?service=git-upload-archive", 403), ("", 403)])
async def test_refuses_other_services(running: RunningSandbox, path: str, status: int) -> None:
    """Only the current protocol's read service exists."""
    response = await running.client.get(f"/{PAD}.git/info/refs{path}")
    assert response.status_code == status
