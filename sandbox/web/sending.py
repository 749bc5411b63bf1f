from sandbox.behaviour import Delivering
from sandbox.sandbox import Sandbox


async def sent_as_wished(sandbox: Sandbox) -> None:
    """Wait for what was just caused to be delivered, where events shall come before the browser does."""
    if sandbox.behaviour.delivering is Delivering.BEFORE_RETURN:
        await sandbox.outbox.sent()
