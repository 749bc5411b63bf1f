from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.changed_files import ChangedFiles
from core.domain.errors import DomainError, ErrorKind
from core.domain.links.link import Link
from core.domain.rules.decision import RuleDecision, evaluate_paths


class ChangeInvalid(DomainError):
    """The request does not name a change. Pass either `paths`, or `base` and `head`."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "change_invalid"


@dataclass(frozen=True, slots=True)
class AffectedProject:
    """A project whose rules for paths select a change, with the path and the pattern that decided."""

    link: Link
    decision: RuleDecision


def find_affected(links: Iterable[Link], files: ChangedFiles) -> list[AffectedProject]:
    """Return the projects that a change touches. If the files are incomplete, a project can be touched by them.

    Only the rules for paths count: whether the project also receives the event depends on its branch and its author.
    """
    decisions = ((link, evaluate_paths(link.rules.list_path_patterns(link.root_directory), files)) for link in links)
    return [AffectedProject(link, decision) for link, decision in decisions if decision.delivers]
