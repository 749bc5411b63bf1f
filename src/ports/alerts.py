from typing import Protocol


class Alerts(Protocol):
    """Tells the people on call. Never raises, never waits."""

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Report one thing a person should look at; `facts` never hold secrets."""
