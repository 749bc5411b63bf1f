from core.domain.permissions import Action, Standing
from ports.authorizer import Authorizer


class StrictAuthorizer(Authorizer):
    """Allow the service itself and its operators everything, and nobody else anything.

    The default until a policy is chosen: forgetting to choose one refuses people, never lets them in.
    """

    def allows(self, standing: Standing, action: Action) -> bool:  # noqa: ARG002 - the port's signature
        """Tell whether an operator asks."""
        return standing.operator
