from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.install.begin import BeginInstall
from core.use_cases.install.bind import BindInstallation
from core.use_cases.install.claimed import ProveClaimed
from core.use_cases.install.evidence import GatherEvidence
from core.use_cases.install.finish import FinishInstall
from core.use_cases.install.lapsed import EndLapsedFlows
from core.use_cases.install.person import AsPerson
from core.use_cases.install.proving import ProveInstallations
from core.use_cases.install.steps import FlowSteps
from core.use_cases.install.taking import TakeFlow
from core.use_cases.install.without_state import ReturnWithoutState
from core.use_cases.tokens.exchange_code import ExchangeCode
from core.use_cases.tokens.leases import Pause
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
