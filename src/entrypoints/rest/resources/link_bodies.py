"""The bodies of requests and responses about links."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.domain.links.link import LinkChoices
from core.domain.links.views import LinkView, Unreachable
from entrypoints.edge.calls import DEFAULT_PROVIDER
from entrypoints.edge.remedies import Action, action_of
from entrypoints.rest.http.requests import Query
from entrypoints.rest.http.responses import Time
from entrypoints.rest.resources.rule_bodies import RulesBody, RulesForm, read_rules_form, rules_body

ProviderName = Annotated[
    str,
    Meta(
        min_length=1, max_length=64, description="The provider. Pass the name of a supported provider, such as github."
    ),
]
RepositoryNumber = Annotated[str, Meta(min_length=1, max_length=64, description="The provider's id of the repository.")]


class LinkQuery(Query, frozen=True):
    """Which of the project's links. A project has at most one link per provider."""

    provider: ProviderName = DEFAULT_PROVIDER


class UnlinkQuery(LinkQuery, frozen=True):
    """Which link to remove."""

    link_id: Annotated[
        UUID | None,
        Meta(
            description="The link that you expect to remove. If the project has a different link now, the "
            "request fails with `link_replaced` and nothing is removed. Pass the id of a link, a UUID."
        ),
    ] = None


class LinkSettingsForm(msgspec.Struct, forbid_unknown_fields=True):
    """`root_directory` is the project's directory in the repository, or null for the repository's root."""

    root_directory: str | UnsetType | None = UNSET
    rules: RulesForm | UnsetType = UNSET


class ChoiceForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which repository, and how it is to be linked; what is left out is as the repository has it."""

    repo_id: RepositoryNumber
    provider: ProviderName = DEFAULT_PROVIDER
    default_branch: str | UnsetType = UNSET
    webhooks_enabled: bool | UnsetType = UNSET
    settings: LinkSettingsForm = msgspec.field(default_factory=LinkSettingsForm)


class LinkForm(ChoiceForm, forbid_unknown_fields=True, kw_only=True):
    """The repository to link, and the settings of the link.

    By default, the link uses the repository's default branch and root directory, and webhooks are enabled.
    If the project is linked to another repository, set `replace` to replace that link. Otherwise the request
    fails with `project_already_linked`. It also fails with this error if the project is linked to the same
    repository with other settings. In this case, update the link.
    """

    replace: bool = False


class ImportForm(ChoiceForm, forbid_unknown_fields=True, kw_only=True):
    """The repository to import as a project. `name` defaults to the repository's name."""

    name: str | None = None


class LinkPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The settings to change. Missing settings keep their values."""

    default_branch: str | UnsetType = UNSET
    webhooks_enabled: bool | UnsetType = UNSET
    settings: LinkSettingsForm = msgspec.field(default_factory=LinkSettingsForm)


class LinkSettings(msgspec.Struct):
    """`root_directory` is null if the project is at the root of the repository."""

    root_directory: str | None
    rules: RulesBody


class Successor(msgspec.Struct):
    """Another repository that now has the name of a removed repository.

    To link the project to it, pass its `repo_id`.
    """

    repo_id: str
    full_name: str


class LinkBody(msgspec.Struct):
    """The link between a project and a repository.

    If the link is not `reachable`, `reason` is the cause and `action` is the recommended next action. An
    `archived` repository is reachable but receives no pushes; `action` is set in this case, too.
    `previous_full_name` is the owner and name before the latest rename; null if the repository was not
    renamed after it was linked. `successor` is another repository that now has the name of the removed
    repository. The project is not linked to the successor automatically: link the successor with `replace`.
    """

    id: UUID
    project_id: UUID
    provider: str
    repo_id: str
    full_name: str
    previous_full_name: str | None
    url: str | None
    archived: bool
    default_branch: str
    webhooks_enabled: bool
    settings: LinkSettings
    reachable: bool
    reason: Unreachable | None
    action: Action | None
    created_at: Time
    updated_at: Time
    successor: Successor | None


def choices_of(form: ChoiceForm | LinkPatch) -> LinkChoices:
    """Return the settings of a link that the request contains."""
    root, rules = form.settings.root_directory, form.settings.rules
    return LinkChoices(
        default_branch=None if form.default_branch is UNSET else form.default_branch,
        webhooks_enabled=None if form.webhooks_enabled is UNSET else form.webhooks_enabled,
        root_directory=None if root is UNSET else root or "",
        rules=None if rules is UNSET else read_rules_form(rules),
    )


def link_body(view: LinkView, organization_id: UUID) -> LinkBody:
    """Return a link for a response."""
    link = view.link
    return LinkBody(
        id=link.external_id,
        project_id=link.project_external_id,
        provider=link.provider,
        repo_id=link.repo_id,
        full_name=link.repo_full_name,
        previous_full_name=link.previous_full_name,
        url=link.repo_url,
        archived=view.archived,
        default_branch=link.default_branch,
        webhooks_enabled=link.webhooks_enabled,
        settings=LinkSettings(link.root_directory or None, rules_body(link.rules)),
        reachable=view.reason is None,
        reason=view.reason,
        action=action_of(view.remedy, link.provider, organization_id, view.manage_url),
        created_at=link.created_at,
        updated_at=link.updated_at,
        successor=Successor(view.successor.repo_id, view.successor.full_name) if view.successor else None,
    )
