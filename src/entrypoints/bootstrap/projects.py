from collections.abc import Mapping
from dataclasses import dataclass

from core.use_cases.links.change_link import ChangeLink
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.list_projects import ListProjects
from core.use_cases.links.show_link import ShowLink
from core.use_cases.links.show_project import ShowProject
from core.use_cases.links.unlink_repository import UnlinkRepository
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Projects:
    """What is done with projects and the repositories they are linked to."""

    list_projects: ListProjects
    show_project: ShowProject
    import_repository: ImportRepository
    show_link: ShowLink
    link_repository: LinkRepository
    change_link: ChangeLink
    unlink_repository: UnlinkRepository


def wire_projects(
    unit_of_work: UnitOfWork,
    directory: Directory,
    authorizer: Authorizer,
    providers: Mapping[str, GitProvider],
    clock: Clock,
) -> Projects:
    """Build them."""
    asked = (unit_of_work, directory, authorizer, providers)
    return Projects(
        list_projects=ListProjects(*asked),
        show_project=ShowProject(*asked),
        import_repository=ImportRepository(*asked, clock),
        show_link=ShowLink(*asked),
        link_repository=LinkRepository(*asked, clock),
        change_link=ChangeLink(*asked),
        unlink_repository=UnlinkRepository(*asked, clock),
    )
