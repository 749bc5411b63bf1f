"""Links as callers write and read them."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.domain.link_choices import ROOT_DIRECTORY, LinkChoices
from core.domain.link_views import LinkView, Unreachable
from entrypoints.rest.actions import Action, action_of
from entrypoints.rest.json_response import Time
from entrypoints.rest.queries import Query

ProviderName = Annotated[str, Meta(min_length=1, max_length=64, description="a provider's name")]
RepositoryNumber = Annotated[
    str, Meta(min_length=1, max_length=64, description="The provider's own id of the repository.")
]

_ONLY_PROVIDER = "github"


class LinkQuery(Query, frozen=True):
    """Which of the project's links: it has one per provider at most."""

    provider: ProviderName = _ONLY_PROVIDER


class UnlinkQuery(LinkQuery, frozen=True):
    """Which link is meant: another, which took its place meanwhile, is not removed."""

    link_id: Annotated[UUID | None, Meta(description="the id of the link that is meant, a UUID")] = None


class LinkSettingsForm(msgspec.Struct, forbid_unknown_fields=True):
    """`root_directory` is where in the repository the project is; null is the repository's root."""

    root_directory: str | UnsetType | None = UNSET


class ChoiceForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which repository, and how it is to be linked; what is left out is as the repository has it."""

    repo_id: RepositoryNumber
    provider: ProviderName = _ONLY_PROVIDER
    default_branch: str | UnsetType = UNSET
    webhooks_enabled: bool | UnsetType = UNSET
    settings: LinkSettingsForm = msgspec.field(default_factory=LinkSettingsForm)


class LinkForm(ChoiceForm, forbid_unknown_fields=True, kw_only=True):
    """Which repository to link, and how; what is left out is as the repository has it.

    With `replace` it takes the place of another that the project is linked to.
    """

    replace: bool = False


class ImportForm(ChoiceForm, forbid_unknown_fields=True, kw_only=True):
    """Which repository to make a project from; it is named like the repository unless a name is given."""

    name: str | None = None


class LinkPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a link; what is left out stays as it is."""

    default_branch: str | UnsetType = UNSET
    webhooks_enabled: bool | UnsetType = UNSET
    settings: LinkSettingsForm = msgspec.field(default_factory=LinkSettingsForm)


class LinkSettings(msgspec.Struct):
    """`root_directory` is null where the project is at the repository's root."""

    root_directory: str | None


class Successor(msgspec.Struct):
    """Another repository that has the name of one that is gone. `repo_id` links the project to it."""

    repo_id: str
    full_name: str


class LinkBody(msgspec.Struct):
    """A project's repository. Where it is not `reachable`, `reason` says why and `action` what helps.

    An `archived` one is reachable, but nothing is pushed to it; there, too, `action` is what helps.
    `previous_full_name` is its name before it was renamed last, if that was since it was linked.
    `successor` has the name of a repository that was removed, as after it was deleted and created again;
    the link does not follow by itself: link it with `replace`.
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
    """Return what a caller wishes of a link."""
    root = form.settings.root_directory
    return LinkChoices(
        default_branch=None if form.default_branch is UNSET else form.default_branch,
        webhooks_enabled=None if form.webhooks_enabled is UNSET else form.webhooks_enabled,
        root_directory=None if root is UNSET else root or "",
    )


def link_body(view: LinkView, organization_id: UUID) -> LinkBody:
    """Return a link as callers see it."""
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
        settings=LinkSettings(link.settings.get(ROOT_DIRECTORY)),
        reachable=view.reason is None,
        reason=view.reason,
        action=action_of(view.remedy, link.provider, organization_id, view.manage_url),
        created_at=link.created_at,
        updated_at=link.updated_at,
        successor=Successor(view.successor.repo_id, view.successor.full_name) if view.successor else None,
    )
