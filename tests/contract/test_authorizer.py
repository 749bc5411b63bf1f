"""What every `Authorizer` promises, and what each decides."""

from collections.abc import Collection

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.organizations import Role
from core.domain.permissions import AccessContext, Action
from ports.identity import Authorizer

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
R, L, S, I, D, P, T, A, G, E, K, Z, C, V, X = (  # noqa: E741 - one letter each, so that the matrix reads as one
    Action.READ,
    Action.LINK,
    Action.SYNC,
    Action.INSTALL,
    Action.DISCONNECT,
    Action.READ_PAYLOAD,
    Action.RETRY,
    Action.AUDIT,
    Action.ASSIGN,
    Action.STREAM,
    Action.ISSUE_TOKEN,
    Action.REVOKE_TOKEN,
    Action.CONNECT,
    Action.SEE_CONNECTION,
    Action.END_CONNECTION,
)
OF_ROLE: dict[Role | None, set[Action]] = {
    Role.OWNER: {R, L, S, I, D, P, T, A, G, E, Z},
    Role.ADMIN: {R, L, S, I, D, P, T, A, G, E, Z},
    Role.MEMBER: {R, L, S, E},
    Role.VIEWER: {R, E},
    None: set(),
}
OF_SCOPE: dict[str, set[Action]] = {
    "git.read": {R},
    "git.link": {L, S},
    "git.events": {E},
    "git.tokens": {K},
    "git.admin": {D, P, T, A, G, Z},
    "git": set(),
    "git.*": set(),
    "git.read ": set(),
    "GIT.READ": set(),
    "read": set(),
}
# What a service may do for a person of this role, whatever its scopes.
FOR_ROLE: dict[Role | None, set[Action]] = {
    Role.OWNER: {R, L, S, D, P, T, A, G, E, K, Z},
    Role.ADMIN: {R, L, S, D, P, T, A, G, E, K, Z},
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


def allowed_actions(authorizer: Authorizer, standing: AccessContext) -> set[Action]:
    """Return everything a standing allows."""
    return {action for action in Action if authorizer.allows(standing, action)}


def person(role: Role | None, scopes: Collection[str] | None = None) -> AccessContext:
    """Return the access context of a user with this role, alone or through a service; None is not a member."""
    return AccessContext(role, None if scopes is None else frozenset(scopes), outsider=role is None)


@pytest.mark.parametrize("action", Action)
def test_repeats_each_decision(authorizer: Authorizer, action: Action) -> None:
    """Decisions are cached by question, so the second decision equals the first."""
    for standing in STANDINGS:
        answer = authorizer.allows(standing, action)
        assert isinstance(answer, bool)
        assert authorizer.allows(standing, action) is answer


@pytest.mark.parametrize("action", Action)
def test_denies_everything_to_strangers(authorizer: Authorizer, action: Action) -> None:
    """Not a member, not a service, not the operator."""
    assert not authorizer.allows(AccessContext(), action)
    assert not authorizer.allows(AccessContext(outsider=True), action)
    assert not authorizer.allows(AccessContext(scopes=frozenset()), action)


@pytest.mark.parametrize("action", Action)
def test_operators_may_do_everything(authorizer: Authorizer, action: Action) -> None:
    """Operators need no role, and a role takes nothing from them."""
    assert all(authorizer.allows(standing, action) for standing in STANDINGS if standing.operator)


def test_matrix_has_every_role_and_action() -> None:
    """A new role or action needs a row in the matrix."""
    assert {R, L, S, I, D, P, T, A, G, E, K, Z, C, V, X} == set(Action)
    assert OF_ROLE.keys() == FOR_ROLE.keys() == {None, *Role}


@pytest.mark.parametrize("role", OF_ROLE, ids=str)
def test_role_allows_what_the_matrix_lists(policy: Authorizer, role: Role | None) -> None:
    """For a user without a service."""
    assert allowed_actions(policy, person(role)) == OF_ROLE[role]


@pytest.mark.parametrize("scope", OF_SCOPE)
def test_scope_allows_what_the_matrix_lists(policy: Authorizer, scope: str) -> None:
    """For a service without a user. A scope is compared as exact text."""
    assert allowed_actions(policy, AccessContext(scopes=frozenset({scope}))) == OF_SCOPE[scope]


@pytest.mark.parametrize("role", FOR_ROLE, ids=str)
@pytest.mark.parametrize("scope", OF_SCOPE)
def test_service_and_user_need_permission(policy: Authorizer, scope: str, role: Role | None) -> None:
    """If a service names a user, both need permission. A user who is not a member gives the service nothing."""
    assert allowed_actions(policy, person(role, [scope])) == OF_SCOPE[scope] & FOR_ROLE[role]


def test_user_may_do_everything_with_their_accounts(policy: Authorizer) -> None:
    """In any role, and nothing with an organization."""
    for role in OF_ROLE:
        assert allowed_actions(policy, AccessContext(role, own=True)) == {C, V, X}


@pytest.mark.parametrize("scope", OF_SCOPE_WITH_OWN)
def test_scopes_allow_actions_on_the_accounts_of_the_user(policy: Authorizer, scope: str) -> None:
    """In any role of the user, and nothing with an organization."""
    for role in OF_ROLE:
        standing = AccessContext(role, frozenset({scope}), own=True)
        assert allowed_actions(policy, standing) == OF_SCOPE_WITH_OWN[scope]
    assert allowed_actions(policy, AccessContext(scopes=frozenset(OF_SCOPE), own=True)) == {V, X}


def test_evaluates_the_policy_once_for_a_question() -> None:
    """Oso takes a quarter of a millisecond; an equal question is answered from memory."""
    policy = OsoAuthorizer()
    for _ in range(100):
        policy.allows(AccessContext(Role.MEMBER, frozenset({"git.read"})), Action.READ)
    known = policy._decide.cache_info()
    assert (known.misses, known.hits) == (1, 99)


def test_scopes_add_up(policy: Authorizer) -> None:
    """A service with all scopes may do what any scope allows. Installing takes a user with a browser."""
    every = set(Action) - {I, C, V, X}
    assert allowed_actions(policy, AccessContext(scopes=frozenset(OF_SCOPE))) == every
    for role, may in FOR_ROLE.items():
        assert allowed_actions(policy, person(role, OF_SCOPE)) == may


def test_service_without_scopes_has_no_permission(policy: Authorizer) -> None:
    """An owner as the acting user adds no permission."""
    assert allowed_actions(policy, person(Role.OWNER, [])) == set()
