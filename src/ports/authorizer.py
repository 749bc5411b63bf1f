from typing import Protocol

from core.domain.permissions import Action, Standing


class Authorizer(Protocol):
    """Decides what a standing allows. A pure function of its arguments, so answers may be cached."""

    def allows(self, standing: Standing, action: Action) -> bool:
        """Tell whether this standing allows this action."""
