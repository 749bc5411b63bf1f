import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind, FieldError
from core.domain.identifiers import IntegrationId, LinkId, OrganizationId, ProjectId, RepoId
from core.domain.rules.rules import RULES, PlainRules, Rules, check_rules, merge_rules, read_rules


@dataclass(frozen=True, slots=True)
class Link:
    """A project linked to one repository of one integration.

    `organization_id` is the organization of the project and of the integration: a link never crosses tenants.
    `previous_full_name` is the repository's name before its last rename, if it was renamed since it was linked.
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

    @property
    def root_directory(self) -> str:
        """The project's directory in the repository; empty if it is the repository's root."""
        return str(self.settings.get(ROOT_DIRECTORY, ""))

    @property
    def rules(self) -> Rules:
        """Which events of the repository reach the project."""
        return read_rules(self.settings.get(RULES))


class ProjectNotLinked(DomainError):
    """The project is not linked to a repository of this provider. Link a repository first."""

    kind = ErrorKind.NOT_FOUND
    code = "project_not_linked"


class ProjectAlreadyLinked(DomainError):
    """The project already has a link: to another repository of this provider, or with other settings.

    To link another repository, set `replace` or unlink the project first. To change the settings, update the link.
    """

    kind = ErrorKind.ALREADY_EXISTS
    code = "project_already_linked"


class LinkReplaced(DomainError):
    """The link that the request names is not the project's current link.

    Load the project's link. If you still want to change it, send the request with its id.
    """

    kind = ErrorKind.ABORTED
    code = "link_replaced"


ROOT_DIRECTORY = "root_directory"
LONGEST_PATH = 512
LONGEST_BRANCH = 255

# https://git-scm.com/docs/git-check-ref-format
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-./]|[./]$|^@$")
# Windows reads a backslash as a slash. Invisible characters are mistakes.
_NO_PATH = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LinkChoices:
    """The settings that a user chooses; None leaves a setting unchanged.

    A new link has the repository's default branch, webhooks enabled, default rules, and its root directory, which is
    written as an empty `root_directory`. `rules` has only the rules to change.
    """

    default_branch: str | None = None
    webhooks_enabled: bool | None = None
    root_directory: str | None = None
    rules: PlainRules | None = None

    def to_request_data(self) -> dict[str, Any]:
        """Return the choices as an idempotency key identifies them: as before rules existed, if they have none."""
        data = asdict(self)
        if self.rules is None:
            del data["rules"]
        return data


class LinkInvalid(DomainError):
    """The branch, the root directory or a rule is not valid. Correct the fields listed in the error."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "link_invalid"


def normalize_choices(choices: LinkChoices) -> LinkChoices:
    """Return the choices in the form that is stored; raises `LinkInvalid`, which names every wrong field.

    The branch or directory need not exist: it may be pushed later.
    """
    errors: list[FieldError] = []
    branch, root = choices.default_branch, choices.root_directory
    normalized = replace(
        choices,
        default_branch=_check("default_branch", branch, _branch, errors),
        root_directory=_check(f"settings.{ROOT_DIRECTORY}", root, _directory, errors),
    )
    require_valid([*errors, *check_rules(choices.rules or {}, f"settings.{RULES}")])
    return normalized


def require_valid(errors: Sequence[FieldError]) -> None:
    """Raise `LinkInvalid` if a setting has an error."""
    if errors:
        raise LinkInvalid("The link's settings are not valid. Correct the listed fields.", fields=errors)


def apply_choices(link: Link, choices: LinkChoices) -> Link:
    """Return the link with these normalized choices."""
    settings = dict(link.settings)
    if choices.root_directory is not None:
        settings.pop(ROOT_DIRECTORY, None)
        if choices.root_directory:
            settings[ROOT_DIRECTORY] = choices.root_directory
    if choices.rules is not None:
        rules = merge_rules(settings.pop(RULES, None), choices.rules)
        if rules:
            settings[RULES] = rules
    enabled = choices.webhooks_enabled
    return replace(
        link,
        default_branch=choices.default_branch or link.default_branch,
        webhooks_enabled=link.webhooks_enabled if enabled is None else enabled,
        settings=settings,
    )


def _check(field: str, text: str | None, check: Callable[[str], str], errors: list[FieldError]) -> str | None:
    if text is None:
        return None
    try:
        return check(text)
    except ValueError as error:
        errors.append(FieldError(field, str(error)))
        return None


def _branch(name: str) -> str:
    if not 1 <= len(name) <= LONGEST_BRANCH or _NO_BRANCH.search(name):
        raise ValueError(f"Enter a valid branch name of at most {LONGEST_BRANCH} characters.")
    return name


def _directory(path: str) -> str:
    """Return a path below the repository's root; it cannot leave the root."""
    if len(path) > LONGEST_PATH:
        raise ValueError(f"Use at most {LONGEST_PATH} characters.")
    if _NO_PATH.search(path):
        raise ValueError("Remove backslashes and invisible characters.")
    if path.startswith("/"):
        raise ValueError("Use a path relative to the repository's root, without a leading slash.")
    parts = path.removesuffix("/").split("/")
    if parts[0] == ".":
        parts = parts[1:]
    if parts == [""]:
        parts = []
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("Use a path without empty segments, `.` and `..`.")
    return "/".join(parts)
