from uuid import uuid4

from core.domain.attribution.attribution import (
    BOT,
    UNKNOWN,
    Attribution,
    AttributionStatus,
    Identity,
    Kind,
    Match,
    Method,
    NamedUser,
    Role,
)
from core.domain.attribution.git_authors import AuthorCommits, AuthorFilter, Confidence, GitAuthor, SuggestionReason
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, User
from core.domain.organizations import Role as Standing
from core.domain.provider_events import Author
from testing.builders.entities import time_ago
from testing.contracts.store_stage import StoreStage

EVERYTHING = AuthorFilter()


class GitAuthorStoreContract:
    """What every store of authors promises."""

    async def test_groups_by_member_and_by_address(self, stage: StoreStage) -> None:
        """One author for each member, address without a member, and bot, the last recorded first."""
        organization, mara, integration = await place(stage)
        project = await stage.add_project(organization)
        await stage.add_link(project, integration, repo_id=RepoId("2"))
        await add(
            stage,
            attribution_of(integration, "a", "mara@acme.example", match=match_of(mara)),
            attribution_of(integration, "b", "mara@home.example", match=match_of(mara, Method.NOREPLY_ID)),
            attribution_of(integration, "c", "tomas@home.example", name="Tomás"),
            attribution_of(integration, "d", "tomas@home.example", name="Tomás F", repo_id="2"),
            attribution_of(integration, "e", "", name="nobody"),
            attribution_of(integration, "f", "bot@acme.example", match=BOT),
            attribution_of(integration, "g", "", match=match_of(mara, Method.USERNAME)),
        )
        maras, bots, tomas = await list_authors(stage, organization)
        assert [(one.status, one.commits) for one in (maras, bots, tomas)] == [
            (AttributionStatus.MATCHED, 3),
            (AttributionStatus.BOT, 1),
            (AttributionStatus.UNMATCHED, 2),
        ]
        assert (maras.user, maras.method, maras.address) == (
            NamedUser(mara.external_id, mara.name),
            Method.USERNAME,
            "",
        )
        assert [email.address for email in maras.emails] == ["mara@acme.example", "mara@home.example"]
        assert (tomas.name, tomas.address, tomas.user, tomas.method) == (
            "Tomás F",
            "tomas@home.example",
            None,
            Method.UNKNOWN,
        )
        assert tomas.projects == [NamedUser(project.external_id, project.name)]
        assert maras.projects == []
        assert await list_authors(stage, await stage.add_organization()) == []

    async def test_filters_and_pages(self, stage: StoreStage) -> None:
        """By status, text, project and time; each page continues after the previous page."""
        organization, mara, integration = await place(stage)
        project = await stage.add_project(organization)
        await stage.add_link(project, integration, repo_id=RepoId("2"))
        await add(
            stage,
            attribution_of(integration, "a", "mara@acme.example", match=match_of(mara), repo_id="2"),
            attribution_of(integration, "b", "tomas@home.example", name="Tomás"),
            attribution_of(integration, "c", "bot@acme.example", match=BOT),
        )
        for where, addresses in (
            (AuthorFilter(AttributionStatus.MATCHED), ["mara@acme.example"]),
            (AuthorFilter(AttributionStatus.UNMATCHED), ["tomas@home.example"]),
            (AuthorFilter(AttributionStatus.BOT), ["bot@acme.example"]),
            (AuthorFilter(AttributionStatus.IGNORED), []),
            (AuthorFilter(query="ACME"), ["bot@acme.example", "mara@acme.example"]),
            (AuthorFilter(query="tomás"), ["tomas@home.example"]),
            (AuthorFilter(query="%"), []),
            (AuthorFilter(project_id=project.external_id), ["mara@acme.example"]),
            (AuthorFilter(project_id=uuid4()), []),
            (AuthorFilter(since=time_ago(hours=1)), ["bot@acme.example", "tomas@home.example", "mara@acme.example"]),
            (AuthorFilter(since=time_ago(hours=-1)), []),
        ):
            assert [one.address for one in await list_authors(stage, organization, where)] == addresses, where
        [first] = await list_authors(stage, organization, limit=1)
        rest = await list_authors(stage, organization, before=first.id)
        assert [one.address for one in (first, *rest)] == [
            "bot@acme.example",
            "tomas@home.example",
            "mara@acme.example",
        ]

    async def test_suggests_members(self, stage: StoreStage) -> None:
        """By name, by login and by pairs; only members of this organization."""
        organization, mara, integration = await place(stage)
        sam = await stage.add_user("sam.porter@acme.example")
        await stage.add_member(sam, organization, Standing.MEMBER)
        await stage.add_connection(mara, "7", login="mara-o")
        outsider = await stage.add_user("oona@away.example")
        assert outsider.external_id != sam.external_id
        async with stage.unit_of_work() as tx:
            await tx.commit_claims.follow_memberships()
            await tx.commit()
        pair = [
            attribution_of(integration, sha, "m@second.example", name="M", role=Role.CO_AUTHOR) for sha in ("p", "q")
        ]
        await add(
            stage,
            attribution_of(integration, "a", "mara-o@home.example", name="x"),
            attribution_of(integration, "b", "sam.porter@home.example", name="y"),
            attribution_of(integration, "c", "oona@home.example", name="z"),
            *pair,
            *(attribution_of(integration, sha, "mara@acme.example", match=match_of(mara)) for sha in ("p", "q")),
        )
        found = {one.address: one.suggestions for one in await list_authors(stage, organization)}
        assert {address: [one.user.id for one in suggestions] for address, suggestions in found.items()} == {
            "mara-o@home.example": [mara.external_id],
            "sam.porter@home.example": [sam.external_id],
            "oona@home.example": [],
            "m@second.example": [mara.external_id],
            "mara@acme.example": [],
        }
        [by_login], [by_pair] = found["mara-o@home.example"], found["m@second.example"]
        assert (by_login.reason, by_login.confidence) == (SuggestionReason.SIMILAR_LOGIN, Confidence.MEDIUM)
        assert (by_pair.reason, by_pair.confidence) == (SuggestionReason.CO_AUTHOR, Confidence.LOW)

    async def test_counts_the_commits_of_an_address(self, stage: StoreStage) -> None:
        """By repository, in this organization only."""
        organization, mara, integration = await place(stage)
        other, _, _ = await place(stage, provider_id="2")
        await add(
            stage,
            attribution_of(integration, "a", "t@x.example"),
            attribution_of(integration, "a", "t@x.example", role=Role.COMMITTER),
            attribution_of(integration, "b", "t@x.example", match=match_of(mara)),
            attribution_of(integration, "b", "t@x.example", repo_id="2"),
        )
        async with stage.unit_of_work() as tx:
            assert await tx.git_authors.list_commits(organization.id, "t@x.example") == [
                AuthorCommits(integration.id, RepoId("1"), 2),
                AuthorCommits(integration.id, RepoId("2"), 1),
            ]
            assert await tx.git_authors.list_commits(other.id, "t@x.example") == []


async def place(stage: StoreStage, **facts: str) -> tuple[Organization, User, Integration]:
    """Return an organization with one member and an integration."""
    organization, user = await stage.add_organization(), await stage.add_user()
    await stage.add_member(user, organization, Standing.MEMBER)
    return organization, user, await stage.add_integration(organization, **facts)


def match_of(user: User, method: Method = Method.VERIFIED_ADDRESS) -> Match:
    """Return the match of a user."""
    return Match(Kind.USER, method, Identity(user.id, user.external_id, time_ago(days=2), frozenset()))


def attribution_of(
    integration: Integration,
    sha: str,
    address: str,
    *,
    name: str = "Someone",
    repo_id: str = "1",
    role: Role = Role.AUTHOR,
    match: Match = UNKNOWN,
) -> Attribution:
    """Return an attribution."""
    author = Author(name, address or None)
    return Attribution(integration.id, RepoId(repo_id), sha, role, address, author, match, None)


async def add(stage: StoreStage, *attributions: Attribution) -> None:
    """Store attributions, each in its own transaction."""
    for attribution in attributions:
        async with stage.unit_of_work() as tx:
            await tx.attributions.add([attribution])
            await tx.commit()


async def list_authors(
    stage: StoreStage,
    organization: Organization,
    where: AuthorFilter = EVERYTHING,
    *,
    limit: int = 50,
    before: int | None = None,
) -> list[GitAuthor]:
    """Return a page of authors."""
    async with stage.unit_of_work() as tx:
        return list(await tx.git_authors.list(organization.id, where, limit=limit, before=before))
