from dataclasses import dataclass

from core.use_cases.account.identify import Identify
from core.use_cases.account.who_am_i import WhoAmI
from core.use_cases.events.browse import ListEvents, ShowEvent
from core.use_cases.events.drain import DrainLane
from core.use_cases.events.receive import ReceiveDelivery
from core.use_cases.events.retry import RetryEvent, RetryEvents
from core.use_cases.events.secret_uses import RecordSecretUses
from core.use_cases.events.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Application:
    """Everything the service can do, one field per use case. Every edge calls these and nothing else."""

    # A delivery arrives, is kept, and is processed.
    receive_delivery: ReceiveDelivery
    drain_lane: DrainLane
    sweep: Sweep
    record_secret_uses: RecordSecretUses

    # People look at the ledger and mend it.
    list_events: ListEvents
    show_event: ShowEvent
    retry_event: RetryEvent
    retry_events: RetryEvents

    # Who is calling.
    identify: Identify
    who_am_i: WhoAmI
