from dataclasses import dataclass
from uuid import UUID

from core.domain.identifiers import UserId


@dataclass(frozen=True, slots=True)
class UserActor:
    """A signed-in person."""

    user_id: UserId
    external_id: UUID
    request_id: str | None = None

    @property
    def name(self) -> str:
        """How audit rows name the actor."""
        return f"user:{self.external_id}"


@dataclass(frozen=True, slots=True)
class ServiceActor:
    """Another crewkit service with its scopes, acting for a user where it names one."""

    service: str
    scopes: frozenset[str]
    acting_user: UserActor | None = None
    request_id: str | None = None

    @property
    def name(self) -> str:
        """How audit rows name the actor."""
        on_behalf = f" for {self.acting_user.name}" if self.acting_user else ""
        return f"service:{self.service}{on_behalf}"


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The service itself: `webhook`, `tokens`, `scheduler`, or an operator's command line (`cli`)."""

    role: str
    request_id: str | None = None

    @property
    def name(self) -> str:
        """How audit rows name the actor."""
        return f"system:{self.role}"


Actor = UserActor | ServiceActor | SystemActor
