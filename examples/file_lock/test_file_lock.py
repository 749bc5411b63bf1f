"""The suite that every exclusion passes, on this one."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from crewkit_file_lock import FileLockExclusion

from testing.contracts.exclusion import ExclusionContract

_DIES = """
import asyncio, os, sys
from pathlib import Path
from crewkit_file_lock import FileLockExclusion
async def main():
    async with FileLockExclusion(Path(sys.argv[1])).hold("a") as held:
        print(held, flush=True)
        os._exit(9)
asyncio.run(main())
"""


@pytest.fixture
def exclusion(tmp_path: Path) -> FileLockExclusion:
    """Give that of one process."""
    return FileLockExclusion(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> FileLockExclusion:
    """Give that of another."""
    return FileLockExclusion(tmp_path)


class TestFileLock(ExclusionContract):
    """Runs the contract suite on the file lock."""

    async def test_who_dies_lets_go(self, exclusion: FileLockExclusion, tmp_path: Path) -> None:
        """At once, whatever killed it."""
        dying = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _DIES, str(tmp_path)),
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await dying.communicate()
        assert (dying.returncode, said) == (9, b"True\n")
        async with exclusion.hold("a") as held:
            assert held
