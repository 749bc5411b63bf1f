"""What every `Authorizer` promises, and what the strict one decides."""

import pytest

from adapters.strict_policy.authorizer import StrictAuthorizer
from core.domain.organizations import Role
from core.domain.permissions import Action, Standing
from ports.authorizer import Authorizer

STANDINGS = [
    Standing(role, scopes, operator=operator)
    for role in (None, *Role)
    for scopes in (None, frozenset[str](), frozenset({"git.read", "git.admin"}))
    for operator in (False, True)
]


@pytest.fixture(params=[StrictAuthorizer], ids=["strict"])
def authorizer(request: pytest.FixtureRequest) -> Authorizer:
    """Give each adapter."""
    made: Authorizer = request.param()
    return made


@pytest.mark.parametrize("action", Action)
def test_it_answers_every_question_the_same_way_twice(authorizer: Authorizer, action: Action) -> None:
    """Answers are cached on their question, so a second look must not find another."""
    for standing in STANDINGS:
        answer = authorizer.allows(standing, action)
        assert isinstance(answer, bool)
        assert authorizer.allows(standing, action) is answer


@pytest.mark.parametrize("action", Action)
def test_nobody_without_any_standing_may_do_anything(authorizer: Authorizer, action: Action) -> None:
    """Not a member, not a service, not the operator."""
    assert not authorizer.allows(Standing(), action)


@pytest.mark.parametrize("action", Action)
def test_the_strict_policy_allows_operators_alone(action: Action) -> None:
    """No role and no scope is enough until a policy says so."""
    strict = StrictAuthorizer()

    assert {standing.operator for standing in STANDINGS if strict.allows(standing, action)} == {True}
    assert all(strict.allows(standing, action) for standing in STANDINGS if standing.operator)
