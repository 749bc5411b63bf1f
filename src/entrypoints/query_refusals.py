from core.domain.errors import DomainError, ErrorKind


class QueryRefused(DomainError):
    """A query parameter, or a field of a gRPC request, is unknown, repeated or not valid.

    Correct the fields listed in the error.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "query_invalid"
