"""A process of the service imports only what it uses, because imports are most of its start."""

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from entrypoints.cli.libraries import import_libraries
import_libraries()
import entrypoints.grpc_api.server, entrypoints.rest.server, sandbox.server
import entrypoints.worker.main, entrypoints.worker.scheduler
print(*sys.modules)
"""
_UNUSED = {"alembic", "opentelemetry", "pygments", "rich", "sentry_sdk", "sqlalchemy"}


@pytest.mark.slow
def test_processes_do_not_import_unused_packages() -> None:
    modules = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert _UNUSED & set(modules.stdout.split()) == set()


@pytest.mark.slow
def test_only_processes_with_pages_import_the_template_engine() -> None:
    program = (
        "import sys, entrypoints.grpc_api.server, entrypoints.worker.main, entrypoints.worker.scheduler\n"
        "import entrypoints.bootstrap.metrics_server, entrypoints.cli.main\n"
        "print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "jinja2" not in modules.stdout.split()


@pytest.mark.slow
def test_hidden_packages_can_be_imported_later() -> None:
    program = (
        "from entrypoints.cli.libraries import import_libraries; import_libraries()\n"
        "import rich.console, opentelemetry.sdk.trace, pygments.lexers"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
