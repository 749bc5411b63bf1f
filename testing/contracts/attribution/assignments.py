from dataclasses import replace
from uuid import uuid4

from core.domain.attribution.attribution import (
    BOT,
    AttributionFilter,
    AttributionStatus,
    IdentityQuery,
    Kind,
    Method,
    NamedUser,
)
from core.domain.attribution.git_authors import AssignmentKind, AuthorAssignment, AuthorFilter
from core.domain.audit import Change
from core.domain.organizations import Organization, User
from core.domain.organizations import Role as Standing
from testing.builders.entities import PROVIDER, build_change, time_ago
from testing.contracts.attribution.git_authors import EVERYTHING, add, attribution_of, list_authors, place
from testing.contracts.store_stage import StoreStage


class AuthorAssignmentContract:
    """What every store promises about assignments."""

    async def test_assignment_decides_and_is_undone(self, stage: StoreStage) -> None:
        """For every reader at once: authors, attributions and the lookup for new commits. Its deletion restores all."""
        organization, mara, integration = await place(stage)
        other, _, elsewhere = await place(stage, provider_id="2")
        await add(
            stage,
            attribution_of(integration, "a", "tomas@home.example"),
            attribution_of(integration, "b", "tomas@home.example", match=BOT),
            attribution_of(integration, "c", "other@home.example"),
            attribution_of(elsewhere, "a", "tomas@home.example"),
        )
        before = await _see(stage, organization)
        versions = 0
        assignment = await _assign(stage, organization, "tomas@home.example", AssignmentKind.USER, mara)
        for kind, status, method in (
            (AssignmentKind.USER, AttributionStatus.MATCHED, Method.ASSIGNED),
            (AssignmentKind.BOT, AttributionStatus.BOT, Method.ASSIGNED),
            (AssignmentKind.IGNORED, AttributionStatus.IGNORED, Method.ASSIGNED),
        ):
            user = mara if kind is AssignmentKind.USER else None
            changed = replace(
                assignment, kind=kind, user_id=user.id if user else None, assignee=user.external_id if user else None
            )
            await _apply(stage, Change(assignment, changed, build_change(None, assignment).by))
            assignment = changed
            async with stage.unit_of_work() as tx:
                stored = await tx.git_authors.find_assignment(organization.id, "tomas@home.example")
                assert stored == replace(changed, updated_at=stored.updated_at if stored else changed.updated_at)
                where = AttributionFilter(status)
                views = await tx.attributions.list_attributions(organization.id, where, limit=10)
                open_views = await tx.attributions.list_attributions(
                    organization.id, AttributionFilter(AttributionStatus.UNMATCHED), limit=10
                )
                query = IdentityQuery(addresses={"tomas@home.example"})
                found = await tx.attributions.find_identities(PROVIDER, query, [organization.id, other.id])
                versions = len(await tx.versions.list_by_item("author_assignment", str(assignment.external_id)))
            expected = NamedUser(mara.external_id, mara.name) if user else None
            assert [(view.sha, view.method, view.user) for view in views] == [
                ("b", method, expected),
                ("a", method, expected),
            ]
            assert [view.sha for view in open_views] == ["c"]
            match = found.by_assignment[organization.id, "tomas@home.example"]
            assert (match.kind.value, match.method) == (kind.value, Method.ASSIGNED)
            assert list(found.by_assignment) == [(organization.id, "tomas@home.example")]
            [author] = await list_authors(stage, organization, AuthorFilter(status))
            assert (author.commits, author.method, author.user, author.emails[0].is_assigned) == (
                2,
                method,
                expected,
                True,
            )
            assert author.suggestions == ()
        assert versions == 4
        [foreign] = await list_authors(stage, other)
        assert foreign.method is Method.UNKNOWN
        await _apply(stage, Change(assignment, None, build_change(None, assignment).by))
        assert await _see(stage, organization) == before
        async with stage.unit_of_work() as tx:
            assert await tx.git_authors.find_assignment(organization.id, "tomas@home.example") is None

    async def test_assignee_who_left_is_not_named(self, stage: StoreStage) -> None:
        """From the moment they leave, and again when they return."""
        organization, mara, integration = await place(stage)
        project = await stage.add_project(organization)
        await stage.add_link(project, integration)
        await add(stage, attribution_of(integration, "a", "tomas@home.example", match=BOT))
        await _assign(stage, organization, "tomas@home.example", AssignmentKind.USER, mara)
        await stage.remove_member(mara, organization)
        [author] = await list_authors(stage, organization)
        assert (author.status, author.method, author.user) == (AttributionStatus.UNMATCHED, Method.NOT_A_MEMBER, None)
        query = IdentityQuery(addresses={"tomas@home.example"})
        async with stage.unit_of_work() as tx:
            where = AttributionFilter(AttributionStatus.UNMATCHED, project.external_id)
            [view] = await tx.attributions.list_attributions(organization.id, where, limit=10)
            assert (view.method, view.user) == (Method.NOT_A_MEMBER, None)
            matched = replace(where, status=AttributionStatus.MATCHED)
            assert await tx.attributions.list_attributions(organization.id, matched, limit=10) == []
            found = await tx.attributions.find_identities(PROVIDER, query, [organization.id])
        assert found.by_assignment[organization.id, "tomas@home.example"].kind is Kind.NONE
        await stage.add_member(mara, organization, Standing.VIEWER)
        [author] = await list_authors(stage, organization)
        assert author.user == NamedUser(mara.external_id, mara.name)


async def _see(stage: StoreStage, organization: Organization) -> list[object]:
    """Return everything that readers of attributions and authors see."""
    async with stage.unit_of_work() as tx:
        views = await tx.attributions.list_attributions(organization.id, AttributionFilter(), limit=50)
        return [*views, *await tx.git_authors.list(organization.id, EVERYTHING, limit=50)]


async def _assign(
    stage: StoreStage, organization: Organization, address: str, kind: AssignmentKind, user: User
) -> AuthorAssignment:
    async with stage.unit_of_work() as tx:
        row_id = await tx.git_authors.next_assignment_id()
    assignment = AuthorAssignment(
        row_id, uuid4(), organization.id, address, kind, user.id, user.external_id, time_ago(days=1), time_ago(days=1)
    )
    await _apply(stage, build_change(None, assignment))
    return assignment


async def _apply(stage: StoreStage, change: Change[AuthorAssignment]) -> None:
    async with stage.unit_of_work() as tx:
        await tx.git_authors.apply([change])
        await tx.commit()
