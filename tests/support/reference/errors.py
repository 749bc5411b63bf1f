"""The tables of error codes."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import core
import entrypoints
import ports
from core.domain.errors import DomainError
from entrypoints.grpc_api.errors import CODE, ENDED, internal_error, timeout_error
from entrypoints.rest.http.problems import HTTP_ERRORS, status_of
from tests.support.reference.tables import code, table


def error_types() -> set[type[DomainError]]:
    """Return every error class that defines its own code."""
    return {
        value
        for package in (core, ports, entrypoints)
        for module in _modules(package)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DomainError) and "code" in vars(value)
    }


def list_texts() -> Iterator[tuple[str, str]]:
    """Yield every error code with its documented text."""
    for error in error_types():
        yield error.code, error.documentation()
    yield from HTTP_ERRORS.values()


def error_codes() -> str:
    """Return the table of codes, with their status over HTTP and over gRPC."""
    rows = {error.code: (status_of(error), CODE[error.kind].name, error.documentation()) for error in error_types()}
    over_grpc = {error.reason: error.code.name for error in (internal_error(""), timeout_error(""))}
    rows |= {name: (status, over_grpc.get(name, ""), text) for status, (name, text) in HTTP_ERRORS.items()}
    return table(
        ("Code", "HTTP", "gRPC", "Description"),
        ((code(name), str(http.value), grpc, text) for name, (http, grpc, text) in sorted(rows.items())),
    )


def stream_ends() -> str:
    """Return the table of reasons with which the server ends a stream."""
    rows = ((code(reason.value), status.name, text) for reason, (status, text) in ENDED.items())
    return table(("Reason", "gRPC", "Message"), rows)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.startswith("local.demo"):
            yield importlib.import_module(module.name)
