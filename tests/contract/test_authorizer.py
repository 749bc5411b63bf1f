"""What every `Authorizer` promises, and what each decides."""

from collections.abc import Collection

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.organizations import Role
from core.domain.permissions import AccessContext, Action
from ports.authorizer import Authorizer

_SCOPES = (None, frozenset[str](), frozenset({"git.read"}), frozenset({"git.read", "git.admin"}))
STANDINGS = [
    AccessContext(role, scopes, operator=operator, outsider=outsider, own=own)
    for own in (False, True)
    for role in (None, *Role)
    for scopes in _SCOPES
    for operator in (False, True)
    for outsider in ((False, True) if role is None else (False,))
]

# The matrix of who may do what, spelled out. A change of the policy is a change here, for a reviewer to see.
R, L, S, I, D, P, T, A, E, K, C, V, X = (  # noqa: E741 - one letter each, so that the matrix reads as one
    Action.READ,
    Action.LINK,
    Action.SYNC,
    Action.INSTALL,
    Action.DISCONNECT,
    Action.READ_PAYLOAD,
    Action.RETRY,
    Action.AUDIT,
    Action.STREAM,
    Action.ISSUE_TOKEN,
    Action.CONNECT,
    Action.SEE_CONNECTION,
    Action.END_CONNECTION,
)
OF_ROLE: dict[Role | None, set[Action]] = {
    Role.OWNER: {R, L, S, I, D, P, T, A, E},
    Role.ADMIN: {R, L, S, I, D, P, T, A, E},
    Role.MEMBER: {R, L, S, E},
    Role.VIEWER: {R, E},
    None: set(),
}
OF_SCOPE: dict[str, set[Action]] = {
    "git.read": {R},
    "git.link": {L, S},
    "git.events": {E},
    "git.tokens": {K},
    "git.admin": {D, P, T, A},
    "git": set(),
    "git.*": set(),
    "git.read ": set(),
    "GIT.READ": set(),
    "read": set(),
}
# What a service may do for a person of this role, whatever its scopes.
FOR_ROLE: dict[Role | None, set[Action]] = {
    Role.OWNER: {R, L, S, D, P, T, A, E, K},
    Role.ADMIN: {R, L, S, D, P, T, A, E, K},
    Role.MEMBER: {R, L, S, E, K},
    Role.VIEWER: {R, E},
    None: set(),
}
# What a service may do with the accounts of the person it acts for. Connecting takes a browser.
OF_SCOPE_WITH_OWN: dict[str, set[Action]] = {scope: set() for scope in OF_SCOPE} | {"git.read": {V}, "git.admin": {X}}


@pytest.fixture(scope="module", params=[OsoAuthorizer], ids=["oso"])
def authorizer(request: pytest.FixtureRequest) -> Authorizer:
    """Give each adapter."""
    made: Authorizer = request.param()
    return made


@pytest.fixture(scope="module")
def policy() -> Authorizer:
    """Give the policy the service runs with."""
    return OsoAuthorizer()


def allowed(authorizer: Authorizer, standing: AccessContext) -> set[Action]:
    """Return everything a standing allows."""
    return {action for action in Action if authorizer.allows(standing, action)}


def person(role: Role | None, scopes: Collection[str] | None = None) -> AccessContext:
    """Return the standing of a person of this role, alone or through a service; None is no member."""
    return AccessContext(role, None if scopes is None else frozenset(scopes), outsider=role is None)


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
    assert not authorizer.allows(AccessContext(), action)
    assert not authorizer.allows(AccessContext(outsider=True), action)
    assert not authorizer.allows(AccessContext(scopes=frozenset()), action)


@pytest.mark.parametrize("action", Action)
def test_operators_may_do_everything(authorizer: Authorizer, action: Action) -> None:
    """Whoever runs the service needs no role, and loses nothing by having one."""
    assert all(authorizer.allows(standing, action) for standing in STANDINGS if standing.operator)


def test_the_matrix_knows_every_word() -> None:
    """A new role or action has to be decided here before it exists."""
    assert {R, L, S, I, D, P, T, A, E, K, C, V, X} == set(Action)
    assert OF_ROLE.keys() == FOR_ROLE.keys() == {None, *Role}


@pytest.mark.parametrize("role", OF_ROLE, ids=str)
def test_what_a_role_allows(policy: Authorizer, role: Role | None) -> None:
    """A person alone may do what the matrix says, and nothing else."""
    assert allowed(policy, person(role)) == OF_ROLE[role]


@pytest.mark.parametrize("scope", OF_SCOPE)
def test_what_a_scope_allows(policy: Authorizer, scope: str) -> None:
    """A service alone may do what the matrix says, and nothing else; a scope is its exact text."""
    assert allowed(policy, AccessContext(scopes=frozenset({scope}))) == OF_SCOPE[scope]


@pytest.mark.parametrize("role", FOR_ROLE, ids=str)
@pytest.mark.parametrize("scope", OF_SCOPE)
def test_what_a_service_may_do_for_a_person(policy: Authorizer, scope: str, role: Role | None) -> None:
    """Where a service names a user, both must be allowed; for someone who is no member it may do nothing."""
    assert allowed(policy, person(role, [scope])) == OF_SCOPE[scope] & FOR_ROLE[role]


def test_what_a_person_may_do_with_their_own_accounts(policy: Authorizer) -> None:
    """All of it, in whatever role, and nothing with an organization."""
    for role in OF_ROLE:
        assert allowed(policy, AccessContext(role, own=True)) == {C, V, X}


@pytest.mark.parametrize("scope", OF_SCOPE_WITH_OWN)
def test_what_a_service_may_do_with_the_accounts_of_its_user(policy: Authorizer, scope: str) -> None:
    """What its scopes allow, in whatever role the user is, and nothing with an organization."""
    for role in OF_ROLE:
        standing = AccessContext(role, frozenset({scope}), own=True)
        assert allowed(policy, standing) == OF_SCOPE_WITH_OWN[scope]
    assert allowed(policy, AccessContext(scopes=frozenset(OF_SCOPE), own=True)) == {V, X}


def test_a_question_is_put_to_the_policy_once() -> None:
    """Oso takes a quarter of a millisecond; an equal standing is answered from memory."""
    policy = OsoAuthorizer()
    for _ in range(100):
        policy.allows(AccessContext(Role.MEMBER, frozenset({"git.read"})), Action.READ)
    known = policy._decide.cache_info()
    assert (known.misses, known.hits) == (1, 99)


def test_scopes_add_up(policy: Authorizer) -> None:
    """A service with all scopes may do what any allows; installing takes a person with a browser."""
    every = set(Action) - {I, C, V, X}
    assert allowed(policy, AccessContext(scopes=frozenset(OF_SCOPE))) == every
    for role, may in FOR_ROLE.items():
        assert allowed(policy, person(role, OF_SCOPE)) == may


def test_a_service_without_scopes_gets_nothing_from_its_user(policy: Authorizer) -> None:
    """An owner behind a service lends it no rights of their own."""
    assert allowed(policy, person(Role.OWNER, [])) == set()
