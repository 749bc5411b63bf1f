import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.flows.exchange_code import ExchangeCode
from core.use_cases.tokens.app_breaker import AppBreaker
from core.use_cases.tokens.get_installation_token import GetInstallationToken
from core.use_cases.tokens.get_user_token import GetUserToken
from core.use_cases.tokens.installation_lease import Minting
from core.use_cases.tokens.probe_suspended import ProbeSuspended
from core.use_cases.tokens.renew_installation_tokens import RenewInstallationTokens
from core.use_cases.tokens.token_leases import Pause, TokenLeases
from core.use_cases.tokens.user_lease import Refreshing
from ports.alerts import Alerts
from ports.cipher import Cipher
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

# As those on call are told it, to whom the provider's word for it says less than the setting's.
_AS_APP = "private key (CREWKIT_GIT_GITHUB_PRIVATE_KEY)"
_AS_CLIENT = "client secret (CREWKIT_GIT_GITHUB_CLIENT_SECRET)"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one process does with tokens: renewing and probing are for the scheduler."""

    installation: GetInstallationToken
    user: GetUserToken
    renew: RenewInstallationTokens
    probe: ProbeSuspended
    exchange_code: ExchangeCode


def wire_tokens(
    unit_of_work: UnitOfWork,
    providers: Mapping[str, GitProvider],
    cipher: Cipher,
    clock: Clock,
    alerts: Alerts,
    *,
    pause: Pause = asyncio.sleep,
) -> Tokens:
    """Build them, once per process and event loop: what they remember of tokens and refusals is shared."""
    leases = TokenLeases(unit_of_work, clock, pause)
    key = AppBreaker(unit_of_work, clock, alerts, credential=_AS_APP)
    secret = AppBreaker(unit_of_work, clock, alerts, credential=_AS_CLIENT)
    minting = Minting(unit_of_work, providers, cipher, clock, alerts, key, pause)
    installation = GetInstallationToken(leases, minting, clock)
    return Tokens(
        installation=installation,
        user=GetUserToken(leases, Refreshing(unit_of_work, providers, cipher, clock, secret, pause)),
        renew=RenewInstallationTokens(unit_of_work, clock, installation),
        probe=ProbeSuspended(unit_of_work, clock, installation),
        exchange_code=ExchangeCode(providers, secret),
    )
