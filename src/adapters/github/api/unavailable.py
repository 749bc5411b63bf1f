from core.domain.provider_errors import AnswerUnreadable, ProviderUnavailable

_TRY_AGAIN_SECONDS = 10.0


class Unavailable(ProviderUnavailable):
    """GitHub gave no answer that we can use. `why` is for logs, `asked` GitHub's own wish when to return."""

    def __init__(self, why: str, *, asked: float | None = None) -> None:
        super().__init__(
            "GitHub does not respond. Try again later.", retry_after=_TRY_AGAIN_SECONDS if asked is None else asked
        )
        self.why = why
        self.asked = asked


class Undecodable(AnswerUnreadable):
    """GitHub answered, and the answer cannot be read; `why` is for logs. It never counts as an outage."""

    asked = None

    def __init__(self, why: str) -> None:
        super().__init__(
            "GitHub's response could not be read. Try again later. If this continues, check for a proxy that "
            "changes responses, or update crewkit-git.",
            retry_after=_TRY_AGAIN_SECONDS,
        )
        self.why = why


class BreakerOpen(Unavailable):
    """GitHub has not answered for a while, so it was not even asked; only time helps."""
