"""What the asker has left."""

from sandbox.rest.answers import Answer
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint

_OTHERS = ("search", "graphql", "integration_manifest", "code_search")


def show_limits(call: Call) -> Answer:
    """Show every bucket; only `core` is ever used here. Asking is free."""
    sandbox = call.sandbox
    quota = sandbox.limits.quota(call.principal.owner, sandbox.now(), sandbox.behaviour)
    core = {"limit": quota.limit, "used": quota.used, "remaining": quota.remaining, "reset": quota.reset}
    unused = {**core, "used": 0, "remaining": quota.limit}
    resources = {"core": core, **dict.fromkeys(_OTHERS, unused)}
    return Answer({"resources": resources, "rate": core})


ENDPOINTS = (Endpoint("GET", "/rate_limit", show_limits),)
