from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.flows.end_expired_flows import EndLapsedFlows
from core.use_cases.flows.exchange_code import ExchangeCode
from core.use_cases.flows.steps import FlowSteps
from core.use_cases.flows.take_flow import TakeFlow
from core.use_cases.install.begin_install import BeginInstall
from core.use_cases.install.bind_installation import BindInstallation
from core.use_cases.install.finish_install import FinishInstall
from core.use_cases.install.gather_evidence import GatherEvidence
from core.use_cases.install.prove_claimed import ProveClaimed
from core.use_cases.install.prove_installations import ProveInstallations
from core.use_cases.install.return_without_state import ReturnWithoutState
from core.use_cases.install.user_session import AsPerson
from core.use_cases.tokens.token_leases import Pause
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.directory import Directory
from ports.doorbell import Doorbell
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class Installs:
    """What is done on the way to an installation; the last is for the scheduler."""

    begin: BeginInstall
    finish: FinishInstall
    end_lapsed: EndLapsedFlows


def wire_installing(
    *,
    unit_of_work: UnitOfWork,
    directory: Directory,
    authorizer: Authorizer,
    providers: Mapping[str, GitProvider],
    protocols: Mapping[str, WebhookProtocol],
    exchange_code: ExchangeCode,
    cipher: Cipher,
    doorbell: Doorbell,
    clock: Clock,
    public_url: str,
    pause: Pause,
) -> Installs:
    """Build them."""
    gather = GatherEvidence(unit_of_work, providers, protocols)
    steps = FlowSteps(unit_of_work, directory, providers, cipher, public_url)
    return Installs(
        begin=BeginInstall(unit_of_work, directory, authorizer, providers, cipher, clock, public_url),
        finish=FinishInstall(
            directory,
            authorizer,
            providers,
            clock,
            TakeFlow(unit_of_work, clock, pause),
            AsPerson(providers, exchange_code, cipher, public_url),
            ProveClaimed(providers, gather),
            ProveInstallations(unit_of_work, providers, gather),
            BindInstallation(unit_of_work, doorbell, clock),
            steps,
            ReturnWithoutState(unit_of_work, directory, authorizer, clock, steps),
        ),
        end_lapsed=EndLapsedFlows(unit_of_work, providers, clock),
    )
