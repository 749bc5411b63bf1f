"""Convert links and their settings from and to messages."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from core.domain.links.link import ROOT_DIRECTORY, LinkChoices
from core.domain.links.views import LinkView, Unreachable
from crewkit.git.v1 import projects_pb2 as wire
from entrypoints.grpc_api.fields import refused
from entrypoints.grpc_api.remedies import remedy
from entrypoints.grpc_api.times import stamp

UNREACHABLE: Mapping[Unreachable, "wire.UnreachableReason.ValueType"] = {
    Unreachable.INTEGRATION_REVOKED: wire.UNREACHABLE_REASON_INTEGRATION_REVOKED,
    Unreachable.INTEGRATION_SUSPENDED: wire.UNREACHABLE_REASON_INTEGRATION_SUSPENDED,
    Unreachable.REPOSITORY_REMOVED: wire.UNREACHABLE_REASON_REPOSITORY_REMOVED,
}


def read_choices(given: wire.LinkChoices) -> LinkChoices:
    """Convert the link settings in a request."""
    return LinkChoices(
        default_branch=given.default_branch if given.HasField("default_branch") else None,
        webhooks_enabled=given.webhooks_enabled if given.HasField("webhooks_enabled") else None,
        root_directory=given.root_directory if given.HasField("root_directory") else None,
    )


def read_changes(request: wire.UpdateProjectRepositoryRequest) -> LinkChoices:
    """Return the settings that the mask names, or all present settings if there is no mask."""
    wished = read_choices(request.choices)
    masked = list(request.update_mask.paths)
    if masked in ([], ["*"]):
        return wished
    given = asdict(wished)
    for name in masked:
        if name not in given:
            raise refused("update_mask", f"Must contain only {', '.join(given)}, or only *.")
        if given[name] is None:
            raise refused(f"choices.{name}", "Required, because `update_mask` names it.")
    return LinkChoices(**{name: given[name] for name in masked})


def link(view: LinkView, organization_id: UUID) -> wire.ProjectRepository:
    """Convert a link to its message."""
    known = view.link
    return wire.ProjectRepository(
        link_id=str(known.external_id),
        project_id=str(known.project_external_id),
        provider=known.provider,
        repo_id=known.repo_id,
        full_name=known.repo_full_name,
        url=known.repo_url,
        default_branch=known.default_branch,
        webhooks_enabled=known.webhooks_enabled,
        root_directory=known.settings.get(ROOT_DIRECTORY),
        reachable=view.reason is None,
        reason=UNREACHABLE[view.reason] if view.reason else wire.UNREACHABLE_REASON_UNSPECIFIED,
        remedy=remedy(view.remedy, known.provider, organization_id, view.manage_url),
        created_at=stamp(known.created_at),
        updated_at=stamp(known.updated_at),
        archived=view.archived,
        previous_full_name=known.previous_full_name,
    )
