"""Programs are kept running until someone asks to stop."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from entrypoints.process.listeners import CannotStart
from local.embedded.process import Program
from local.supervisor import Supervisor
from local.terminal import Terminal
from tests.support.conditions import all_ended, wait_until

SERVE = """
import os, signal, sys
def stop(*_):
    print("stopped", sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print("serves", sys.argv[1], os.getpid(), flush=True)
while True:
    signal.pause()
"""

SERVE_BRIEFLY = """
import os, sys, time
print("serves", sys.argv[1], os.getpid(), flush=True)
time.sleep(0.2)
sys.exit("no such luck")
"""


class Screen(Terminal):
    """A terminal that records its texts and calls a function for each."""

    def __init__(self, listener: Callable[[str], None] = lambda _: None) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._listener = listener

    def say(self, text: str) -> None:
        """Record the text, then call the function."""
        self.texts.append(text)
        self._listener(text)

    def with_words(self, words: str) -> list[str]:
        """List the texts that hold these words."""
        return [text for text in self.texts if words in text]


def program(directory: Path, name: str, screen: Screen, code: str = SERVE) -> Program:
    """Describe a Python program that is ready once it says that it serves."""
    return Program(
        name=name,
        command=(sys.executable, "-c", code, name, str(directory)),
        marker=f"{directory}/{name}/",
        log=directory / "logs" / f"{name}.log",
        ready=lambda pid: bool(screen.with_words(f"serves {name} {pid}")),
    )


def programs_of(directory: Path) -> list[psutil.Process]:
    """Return the running programs of this directory; this process also has other children."""
    return [child for child in psutil.Process().children() if any(f"{directory}/" in word for word in child.cmdline())]


def ask_to_stop(_: object = None) -> None:
    """Send this process what `kill` sends."""
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_the_groups_in_reverse_order(tmp_path: Path, sent: signal.Signals) -> None:
    """Dependencies stop last; a requested stop is not an error."""
    screen = Screen()
    with Supervisor(screen).supervise() as supervisor:
        supervisor.start(program(tmp_path, "database", screen), echoed=True)
        supervisor.start(program(tmp_path, "api", screen), program(tmp_path, "worker", screen), echoed=True)
        children = programs_of(tmp_path)
        os.kill(os.getpid(), sent)
        supervisor.watch()
    stopped = [text.split()[-1] for text in screen.with_words("stopped")]
    assert sorted(stopped[:2]) == ["api", "worker"]
    assert stopped[2:] == ["database"]
    assert all_ended(children)


def test_restarts_a_killed_program(tmp_path: Path) -> None:
    """With a line on the terminal."""

    def second_life_ends_the_test(text: str) -> None:
        if "serves" in text:
            if screen.with_words("restarting in"):
                ask_to_stop()
            else:
                victim.append(int(text.rsplit(maxsplit=1)[-1]))

    victim: list[int] = []
    screen = Screen(second_life_ends_the_test)
    with Supervisor(screen).supervise() as supervisor:
        supervisor.start(program(tmp_path, "worker", screen), echoed=True)
        os.kill(victim[0], signal.SIGKILL)
        supervisor.watch()
    assert len(screen.with_words("worker was stopped by SIGKILL")) == 1
    assert len(screen.with_words("serves worker")) == 2


def test_three_failed_starts_stop_everything(tmp_path: Path) -> None:
    """With the last lines of the program on the terminal."""
    screen = Screen()
    children = []
    never = replace(program(tmp_path, "worker", screen, SERVE_BRIEFLY), ready=lambda _: True, started_line=b"started")

    def supervise() -> None:
        with Supervisor(screen).supervise() as supervisor:
            supervisor.start(program(tmp_path, "database", screen), echoed=True)
            children.extend(programs_of(tmp_path))
            supervisor.start(never, echoed=True)
            supervisor.watch()

    with pytest.raises(CannotStart, match=r"3 times in a row: worker stopped with exit code 1"):
        supervise()
    assert len(screen.with_words("no such luck")) == 3
    assert screen.with_words("stopped database")
    assert all_ended(children)


@pytest.mark.parametrize("ready", [True, False])
def test_restarts_a_program_without_a_limit(tmp_path: Path, ready: bool) -> None:
    """A program that keeps failing never stops the others, and the pauses grow."""

    def five_lives_end_the_test(text: str) -> None:
        if "serves worker" in text and len(screen.with_words("serves worker")) == 5:
            ask_to_stop()

    screen = Screen(five_lives_end_the_test)
    dying = program(tmp_path, "worker", screen, SERVE_BRIEFLY)
    if not ready:
        dying = replace(dying, ready=lambda _: True, started_line=b"serves worker")
    with Supervisor(screen).supervise() as supervisor:
        supervisor.start(program(tmp_path, "database", screen), echoed=True)
        supervisor.start(dying, echoed=True)
        supervisor.watch()
        assert screen.with_words("stopped database") == []
    pauses = [text.rsplit(maxsplit=2)[-2] for text in screen.with_words("restarting in")]
    assert pauses == ["0.4", "0.8", "1.6", "3.2"]


def test_stops_while_a_program_starts(tmp_path: Path) -> None:
    """At once, and no process stays."""
    screen = Screen()
    never_ready = "import signal, os; os.kill(os.getppid(), signal.SIGTERM); signal.pause()"
    reached = False
    with Supervisor(screen).supervise() as supervisor:
        supervisor.start(program(tmp_path, "database", screen), echoed=True)
        children = programs_of(tmp_path)
        supervisor.start(program(tmp_path, "api", screen, never_ready))
        reached = True
    assert not reached
    assert all_ended(children)


def test_second_signal_interrupts_a_long_step(tmp_path: Path) -> None:
    """A second Ctrl-C ends even a migration, and all processes."""
    screen = Screen()
    with Supervisor(screen).supervise() as supervisor:
        supervisor.start(program(tmp_path, "database", screen), echoed=True)
        ask_to_stop()
        ask_to_stop()
        wait_until(lambda: False)
    assert screen.with_words("stopped database")
