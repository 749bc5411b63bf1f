"""What the README names exists, and the other way round."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import core
import entrypoints
import ports
from adapters.observability.metrics import PrometheusMetrics
from core.domain.errors import DomainError
from entrypoints.cli.main import COMMANDS
from entrypoints.rest.problems import OF_HTTP, status_of
from tests.support.rest import everything

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import a package's modules, all the way down."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.startswith("entrypoints.bootstrap.demo"):
            yield importlib.import_module(found.name)


def errors() -> dict[str, type[DomainError]]:
    """Give every refusal a caller may meet, by its code."""
    found = {}
    for package in (core, ports, entrypoints):
        for module in modules(package):
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, DomainError) and "code" in vars(value):
                    found[value.code] = value
    return found


def error_row(code: str, error: type[DomainError]) -> str:
    """Write the README's row of one code."""
    sentence = (error.__doc__ or "").partition("\n")[0]
    return f"| `{code}` | {status_of(error).value} | {sentence} |"


def test_every_error_code_is_explained() -> None:
    """Each code has its row, with its status and its class's own words."""
    rows = [error_row(code, error) for code, error in sorted(errors().items())]
    rows += [f"| `{code}` | {status.value} | {sentence} |" for status, (code, sentence) in OF_HTTP.items()]
    assert [row for row in rows if row not in README] == []


def test_every_explained_code_exists() -> None:
    """No row speaks of a code nobody raises."""
    explained = set(re.findall(r"^\| `([a-z_]+)` \| [45]\d\d \|", README, re.MULTILINE))
    assert explained == errors().keys() | {code for code, _ in OF_HTTP.values()}


def test_every_command_is_listed() -> None:
    """Commands in the table are those of the command line."""
    listed = set(re.findall(r"^\| `crewkit-git ([a-z-]+)` \|", README, re.MULTILINE))
    assert listed == set(COMMANDS)


def test_every_endpoint_is_listed() -> None:
    """The table's rows are the operations of the REST interface in development, in their own words."""
    listed = set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \| (.*) \|$", README, re.MULTILINE))
    assert listed == {(f"{one.method} {one.template}", one.summary) for one in everything()}


def test_every_metric_is_listed() -> None:
    """Each metric has a row with its own help text, and no row speaks of another."""
    exposed = PrometheusMetrics().exposition().decode()
    helps = dict(re.findall(r"^# HELP (crewkit_git_\w+) (.*)$", exposed, re.MULTILINE))
    listed = dict(re.findall(r"^\| `(crewkit_git_\w+)` \| (.*) \|$", README, re.MULTILINE))
    assert {name.removesuffix("_total"): text for name, text in listed.items()} == {
        name.removesuffix("_total"): text for name, text in helps.items()
    }


def test_every_file_named_exists() -> None:
    """Paths in backquotes lead somewhere."""
    paths = re.findall(r"`((?:src|tests|docs|proto|deploy|benchmarks)/[^`\s]*)`", README)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_make_target_named_exists() -> None:
    """Targets named anywhere in the README are in the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z0-9-]+)", README)) - targets == set()
