"""Every way to fail has its place at every edge."""

from core.domain.errors import ErrorKind
from core.domain.streams.stream import EndReason
from entrypoints.grpc_api.errors import CODE, ENDED
from entrypoints.rest.http.problems import STATUS


def test_every_error_kind_has_an_http_status() -> None:
    """A kind added to the domain without a status would surface as a crash of the error handler."""
    assert set(STATUS) == set(ErrorKind)


def test_http_statuses_are_errors() -> None:
    """A client that reads only the status does not take an error for a success or a redirect."""
    assert all(400 <= status < 600 for status in STATUS.values())


def test_only_faults_of_the_service_are_server_errors() -> None:
    """Clients retry 5xx responses, so an error in their request is never a 5xx."""
    server_errors = {ErrorKind.INTERNAL, ErrorKind.UNAVAILABLE, ErrorKind.DEADLINE_EXCEEDED}

    assert {kind for kind, status in STATUS.items() if status >= 500} == server_errors


def test_every_error_kind_has_a_grpc_code() -> None:
    """Kinds are named after the codes, so each has the one of its name and no two share one."""
    assert {kind.name: code.name for kind, code in CODE.items()} == {kind.name: kind.name for kind in ErrorKind}


def test_every_end_of_a_stream_has_a_grpc_code() -> None:
    """Callers see each end as an error. If the caller did not cause the end, the code asks for a retry."""
    assert set(ENDED) == set(EndReason)
