"""Browser flows for tests to arrange."""

from dataclasses import replace

from core.domain.flows.flow import Flow, FlowPurpose, FlowStatus, FlowStep, PendingRequest, start_flow
from testing.builders.entities import now


def build_flow(request: PendingRequest) -> Flow:
    """Return the flow that waits for this request to be answered."""
    flow, _ = start_flow(
        request.flow_id,
        FlowPurpose.INSTALL,
        request.provider,
        user_id=request.user_id,
        organization_id=request.organization_id,
        step=FlowStep.INSTALL,
        return_to="/",
        at=now(),
    )
    return replace(
        flow,
        external_id=request.external_id,
        status=FlowStatus.AWAITING_APPROVAL,
        provider_user_id=request.requester_id,
        account_id=request.account_id,
        expires_at=request.expires_at,
    )
