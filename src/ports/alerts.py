from typing import Protocol


class Alerts(Protocol):
    """Notifies the people on call. Methods never raise and never wait."""

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Report one problem that a person must look at. `facts` must not contain secrets."""
