from core.domain.errors import DomainError, ErrorKind


class QueryRefused(DomainError):
    """A query parameter, or field of a gRPC request, is unknown, given twice, or not of its form."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "query_invalid"
