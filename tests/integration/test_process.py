"""Any program is started, watched and stopped in bounded time."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from entrypoints.process.listeners import CannotStart
from local.embedded.process import BoundedLog, Process, Program, run_program

DEAF_WITH_A_CHILD = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""


def program(tmp_path: Path, code: str, echoed: list[str] | None = None, seconds: float = 0.2) -> Program:
    """Describe a Python program that is ready once it has printed something."""
    log = tmp_path / "logs" / "program.log"
    return Program(
        name="program",
        command=(sys.executable, "-c", code, str(tmp_path)),
        marker=str(tmp_path),
        log=log,
        ready=lambda _: bool(echoed) if echoed is not None else True,
        stop=((signal.SIGTERM, seconds),),
    )


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[tuple[Process, psutil.Process]]:
    """Start a program that ignores SIGTERM and has a child."""
    lines: list[str] = []
    process = Process(program(tmp_path, DEAF_WITH_A_CHILD, lines), lines.append)
    process.wait_until_ready()
    yield process, psutil.Process(int(lines[0]))
    process.stop()


def test_kills_a_process_that_ignores_signals(deaf: tuple[Process, psutil.Process]) -> None:
    """With its descendants, after the time limit of the signals."""
    process, child = deaf
    process.stop()
    assert process.exit_code() == -signal.SIGKILL
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running()


def test_reports_a_failed_process_with_its_last_lines(tmp_path: Path) -> None:
    """With its exit code and the path of its log."""
    failing = program(tmp_path, "import sys; print('no such luck'); sys.exit(3)", [])
    message = r"(?s)exit code 3\. Its log is .*program\.log.*no such luck"
    with pytest.raises(CannotStart, match=message), run_program(failing):
        pass


def test_stops_waiting_for_a_process_that_is_never_ready(tmp_path: Path) -> None:
    process = Process(program(tmp_path, "import signal; signal.pause()", []))
    try:
        with pytest.raises(CannotStart, match="not ready after 0 s"):
            process.wait_until_ready(seconds=0.05)
    finally:
        process.stop()


def test_logs_and_prints_output_by_line(tmp_path: Path) -> None:
    """Including invalid UTF-8 and a last line without a newline."""
    echoed: list[str] = []
    code = r"import os, signal; os.write(1, b'one\n\xfftwo\nthree'); signal.pause()"
    process = Process(program(tmp_path, code, echoed), echoed.append)
    process.wait_until_ready()
    process.stop()
    assert echoed == ["one", "\ufffdtwo", "three"]
    assert process.program.log.read_bytes() == b"one\n\xfftwo\nthree"
    assert process.program.log.stat().st_mode & 0o777 == 0o600


def test_limits_a_log_to_the_newest_lines(tmp_path: Path) -> None:
    """Two files of at most the limit each; the older one is replaced."""
    path = tmp_path / "logs" / "some.log"
    for _ in range(2):
        with closing(BoundedLog(path, limit=100)) as log:
            for number in range(20):
                log.write(f"line {number:4}\n".encode())
    assert path.stat().st_size <= 100
    assert path.read_text().endswith("line   19\n")
    assert sorted(file.name for file in path.parent.iterdir()) == ["some.log", "some.log.1"]
