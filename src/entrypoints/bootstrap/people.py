from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.attribution.claim_commits import ClaimCommits
from core.use_cases.attribution.follow_memberships import FollowMemberships
from core.use_cases.attribution.list_attributions import ListAttributions
from core.use_cases.connections.begin_connection import BeginConnection
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.finish_connection import FinishConnection
from core.use_cases.connections.list_connections import ListConnections
from core.use_cases.connections.look_up_identities import LookUpIdentities
from core.use_cases.connections.revoke_tokens import RevokeTokens
from entrypoints.bootstrap.tokens import Tokens
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.directory import Directory
from ports.doorbell import Doorbell
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class People:
    """What is done with people's accounts and commits; the last four are for the scheduler."""

    list_connections: ListConnections
    begin_connection: BeginConnection
    finish_connection: FinishConnection
    disconnect_account: DisconnectAccount
    list_attributions: ListAttributions
    look_up_identities: LookUpIdentities
    revoke_tokens: RevokeTokens
    claim_commits: ClaimCommits
    follow_memberships: FollowMemberships


def wire_people(
    *,
    unit_of_work: UnitOfWork,
    directory: Directory,
    authorizer: Authorizer,
    providers: Mapping[str, GitProvider],
    tokens: Tokens,
    cipher: Cipher,
    doorbell: Doorbell,
    clock: Clock,
    public_url: str,
) -> People:
    """Build them."""
    return People(
        list_connections=ListConnections(unit_of_work, authorizer, providers),
        begin_connection=BeginConnection(unit_of_work, authorizer, providers, cipher, clock, public_url),
        finish_connection=FinishConnection(
            unit_of_work, directory, providers, tokens.exchange_code, cipher, clock, public_url
        ),
        disconnect_account=DisconnectAccount(unit_of_work, authorizer, providers, cipher, clock),
        list_attributions=ListAttributions(unit_of_work, directory, authorizer),
        look_up_identities=LookUpIdentities(unit_of_work, providers, tokens.user, clock),
        revoke_tokens=RevokeTokens(unit_of_work, providers, cipher, clock),
        claim_commits=ClaimCommits(unit_of_work, doorbell, clock),
        follow_memberships=FollowMemberships(unit_of_work),
    )
