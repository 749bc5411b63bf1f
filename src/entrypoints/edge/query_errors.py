from core.domain.errors import DomainError, ErrorKind


class QueryRefused(DomainError):
    """A parameter of the request is unknown, repeated or not valid.

    Correct the parameters that the error lists.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "query_invalid"
