from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import IntegrationId, LinkId, OrganizationId, ProjectId, RepoId


@dataclass(frozen=True, slots=True)
class Link:
    """A project tied to one repository of one integration.

    `organization_id` is the project's, and always the integration's too: a link never crosses tenants.
    `previous_full_name` is the repository's name before it was renamed last, if that was since it was linked.
    """

    id: LinkId
    external_id: UUID
    organization_id: OrganizationId
    project_id: ProjectId
    project_external_id: UUID
    integration_id: IntegrationId
    provider: str
    repo_id: RepoId
    repo_full_name: str
    created_at: datetime
    updated_at: datetime
    repo_url: str | None = None
    default_branch: str = "main"
    webhooks_enabled: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    previous_full_name: str | None = None


class ProjectNotLinked(DomainError):
    """The project is not linked to a repository of this provider. Link a repository first."""

    kind = ErrorKind.NOT_FOUND
    code = "project_not_linked"


class ProjectAlreadyLinked(DomainError):
    """The project already has a link: to another repository of this provider, or with other settings.

    To link another repository, set `replace` or unlink the project first. To change the settings, update
    the link.
    """

    kind = ErrorKind.ALREADY_EXISTS
    code = "project_already_linked"


class LinkReplaced(DomainError):
    """The link that the request names is not the project's current link.

    Load the project's link, then send the request again.
    """

    kind = ErrorKind.ABORTED
    code = "link_replaced"
