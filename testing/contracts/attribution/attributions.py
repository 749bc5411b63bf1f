from dataclasses import replace

from core.domain.attribution.attribution import (
    BOT,
    NOT_A_MEMBER,
    UNKNOWN,
    Attribution,
    AttributionFilter,
    AttributionStatus,
    AttributionView,
    Identity,
    Kind,
    Match,
    Method,
    NamedUser,
    Role,
)
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, User
from core.domain.organizations import Role as Standing
from core.domain.provider_events import Author
from testing.builders.entities import PROVIDER, time_ago
from testing.contracts.store_stage import StoreStage

_AUTHOR = Author("Mara")
EVERYTHING = AttributionFilter()
MATCHED, UNMATCHED, BOTS, _ = (AttributionFilter(status) for status in AttributionStatus)


class AttributionStoreContract:
    """What every store of attributions promises."""

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """An attribution is listed as it was added, with the names of repository and user."""
        organization, mara, integration = await _place(stage)
        [repository] = await stage.add_repositories(integration, "1")
        author = Author("Mara Größe", "Mara@acme.example", "mara", ProviderUserId("7"))
        at = time_ago(days=1)
        match = _user(mara, Method.NOREPLY_ID)
        await _add(
            stage,
            Attribution(integration.id, RepoId("1"), "a" * 40, Role.CO_AUTHOR, "mara@acme.example", author, match, at),
            _attribution(integration, "b", author=Author("Nobody"), address=""),
            _attribution(integration, "c", match=BOT),
        )
        bot, nobody, item = await _page(stage, organization)
        assert item == AttributionView(
            id=item.id,
            provider=PROVIDER,
            repo_id=RepoId("1"),
            repo_full_name=repository.full_name,
            sha="a" * 40,
            role=Role.CO_AUTHOR,
            name="Mara Größe",
            address="mara@acme.example",
            username="mara",
            status=AttributionStatus.MATCHED,
            method=Method.NOREPLY_ID,
            user=NamedUser(mara.external_id, mara.name),
            committed_at=at,
            recorded_at=item.recorded_at,
        )
        assert (nobody.address, nobody.user, nobody.committed_at) == (None, None, None)
        assert (nobody.status, nobody.method) == (AttributionStatus.UNMATCHED, Method.UNKNOWN)
        assert (bot.status, bot.method) == (AttributionStatus.BOT, Method.BOT)

    async def test_what_is_known_stays(self, stage: StoreStage) -> None:
        """The same person of the same commit is kept once, as first found, within a batch and after it."""
        organization, mara, integration = await _place(stage)
        first = _attribution(integration, "a", match=UNKNOWN)
        again = _attribution(integration, "a", match=_user(mara))
        other = _attribution(integration, "a", address="other@acme.example", match=_user(mara))
        await _add(stage, first, again, other)
        await _add(stage, again, _attribution(integration, "a", role=Role.COMMITTER))
        found = await _page(stage, organization)
        assert [(view.role, view.address, view.status) for view in found] == [
            (Role.COMMITTER, "mara@acme.example", AttributionStatus.UNMATCHED),
            (Role.AUTHOR, "other@acme.example", AttributionStatus.MATCHED),
            (Role.AUTHOR, "mara@acme.example", AttributionStatus.UNMATCHED),
        ]

    async def test_pages_follow_each_other(self, stage: StoreStage) -> None:
        """Each page continues after the previous page, also if attributions are added in between."""
        organization, mara, integration = await _place(stage)
        kinds = [_user(mara), UNKNOWN, BOT]
        await _add(stage, *(_attribution(integration, str(n), match=kinds[n % 3]) for n in range(12)))
        end = (await _page(stage, organization, limit=1))[0].id + 1
        for where, expected in ((EVERYTHING, range(11, -1, -1)), (UNMATCHED, (10, 7, 4, 1)), (BOTS, (11, 8, 5, 2))):
            shas: list[str] = []
            before: int | None = end
            for _ in expected:
                [view] = await _page(stage, organization, where, limit=1, before=before)
                shas.append(view.sha)
                before = view.id
                await _add(stage, _attribution(integration, f"later {where} {len(shas)}", match=kinds[len(shas) % 3]))
            assert shas == [str(number) for number in expected]
            async with stage.unit_of_work() as tx:
                assert await tx.attributions.list_attributions(organization.id, where, limit=1, before=before) == []

    async def test_a_project_has_those_of_its_repository(self, stage: StoreStage) -> None:
        """A project's are those of the repository it is linked to, in its own organization only."""
        organization, mara, integration = await _place(stage)
        project = await stage.add_project(organization)
        unlinked = await stage.add_project(organization, "Unlinked")
        await stage.add_link(project, integration, repo_id=RepoId("2"))
        for repo in ("1", "2"):
            await _add(
                stage,
                _attribution(integration, f"m{repo}", repo_id=repo, match=_user(mara)),
                _attribution(integration, f"u{repo}", repo_id=repo),
            )
        of_project = AttributionFilter(project_id=project.external_id)
        assert [view.sha for view in await _page(stage, organization, of_project)] == ["u2", "m2"]
        for status, sha in ((AttributionStatus.MATCHED, "m2"), (AttributionStatus.UNMATCHED, "u2")):
            where = replace(of_project, status=status)
            assert [view.sha for view in await _page(stage, organization, where)] == [sha]
        nothing = AttributionFilter(project_id=unlinked.external_id)
        assert await _page(stage, organization, nothing) == []
        assert await _page(stage, await stage.add_organization(), of_project) == []

    async def test_who_left_is_named_no_more(self, stage: StoreStage) -> None:
        """From the moment they leave they are unmatched to everyone, and named again should they return."""
        organization, mara, integration = await _place(stage)
        jonas = await stage.add_user("jonas@acme.example")
        await stage.add_member(jonas, organization, Standing.MEMBER)
        project = await stage.add_project(organization)
        await stage.add_link(project, integration)
        await _add(
            stage,
            _attribution(integration, "1", match=_user(mara)),
            _attribution(integration, "2", match=_user(jonas)),
            _attribution(integration, "3", match=NOT_A_MEMBER),
            _attribution(integration, "4", match=_user(mara)),
        )
        await stage.remove_member(mara, organization)
        for project_id in (None, project.external_id):
            everything = AttributionFilter(project_id=project_id)
            found = await _page(stage, organization, everything)
            assert [view.sha for view in found] == ["4", "3", "2", "1"]
            assert [view.user is not None for view in found] == [False, False, True, False]
            assert {view.method for view in found if view.user is None} == {Method.NOT_A_MEMBER}
            matched = await _page(stage, organization, replace(everything, status=AttributionStatus.MATCHED))
            assert [view.sha for view in matched] == ["2"]
            where = replace(everything, status=AttributionStatus.UNMATCHED)
            assert [view.sha for view in await _page(stage, organization, where)] == ["4", "3", "1"]
            first = await _page(stage, organization, where, limit=2)
            rest = await _page(stage, organization, where, limit=2, before=first[-1].id)
            assert [view.sha for view in rest] == ["1"]
        await stage.add_member(mara, organization, Standing.VIEWER)
        assert len(await _page(stage, organization, MATCHED)) == 3

    async def test_people_of_commits(self, stage: StoreStage) -> None:
        """Only the given commits of this repository, as this organization may see them."""
        organization, mara, integration = await _place(stage)
        other, _, elsewhere = await _place(stage, provider_id="2")
        co_author = _attribution(integration, "a", role=Role.CO_AUTHOR, address="x@y.example")
        await _add(
            stage,
            _attribution(integration, "a", match=_user(mara)),
            _attribution(integration, "b"),
            _attribution(integration, "c"),
            _attribution(integration, "a", repo_id="2"),
            _attribution(elsewhere, "a", address="jonas@zenith.example"),
            co_author,
        )
        async with stage.unit_of_work() as tx:
            of_commits = tx.attributions.list_by_commits
            found = await of_commits(organization.id, PROVIDER, RepoId("1"), ["a", "b", "z"])
            nothing = await of_commits(organization.id, "gitlab", RepoId("1"), ["a"])
            foreign = await of_commits(other.id, PROVIDER, RepoId("1"), ["a"])
        assert sorted(item.sha for item in found if item.role is Role.AUTHOR) == ["a", "b"]
        assert [item.address for item in found if item.role is Role.CO_AUTHOR] == ["x@y.example"]
        assert [item.user for item in found if item.user] == [NamedUser(mara.external_id, mara.name)]
        assert nothing == []
        assert [item.address for item in foreign] == ["jonas@zenith.example"]

    async def test_organizations_see_their_own(self, stage: StoreStage) -> None:
        """The same commit in two organizations is two, and each sees its own."""
        organization, mara, integration = await _place(stage)
        other, oona, foreign = await _place(stage, provider_id="2")
        await _add(stage, _attribution(integration, "a", match=_user(mara)))
        await _add(stage, _attribution(foreign, "a", match=_user(oona)))
        for place, user in ((organization, mara), (other, oona)):
            [view] = await _page(stage, place)
            assert view.user == NamedUser(user.external_id, user.name)

    async def test_old_attributions_are_deleted_in_pieces(self, stage: StoreStage) -> None:
        """The oldest first, up to the first that is young."""
        organization, _, integration = await _place(stage)
        await _add(stage, *(_attribution(integration, sha) for sha in "abc"))
        counts = []
        for before, limit in (
            (time_ago(hours=1), 10),
            (time_ago(hours=-1), 2),
            (time_ago(hours=-1), 2),
            (time_ago(hours=-1), 2),
        ):
            async with stage.unit_of_work() as tx:
                counts.append(await tx.housekeeping.delete_attributions(before=before, limit=limit))
                await tx.commit()
            if len(counts) == 2:
                assert [view.sha for view in await _page(stage, organization)] == ["c"]
        assert counts == [0, 2, 1, 0]
        assert await _page(stage, organization) == []

    async def test_an_addition_undone_leaves_nothing(self, stage: StoreStage) -> None:
        """Without a commit nothing was added."""
        organization, _, integration = await _place(stage)
        async with stage.unit_of_work() as tx:
            await tx.attributions.add([_attribution(integration, "a")])
        assert await _page(stage, organization) == []


async def _place(stage: StoreStage, **facts: str) -> tuple[Organization, User, Integration]:
    organization, user = await stage.add_organization(), await stage.add_user()
    await stage.add_member(user, organization, Standing.MEMBER)
    return organization, user, await stage.add_integration(organization, **facts)


def _user(user: User, method: Method = Method.VERIFIED_ADDRESS) -> Match:
    return Match(Kind.USER, method, Identity(user.id, user.external_id, time_ago(days=2), frozenset()))


def _attribution(
    integration: Integration,
    sha: str,
    *,
    repo_id: str = "1",
    role: Role = Role.AUTHOR,
    address: str = "mara@acme.example",
    author: Author = _AUTHOR,
    match: Match = UNKNOWN,
) -> Attribution:
    return Attribution(integration.id, RepoId(repo_id), sha, role, address, author, match, None)


async def _add(stage: StoreStage, *attributions: Attribution) -> None:
    async with stage.unit_of_work() as tx:
        await tx.attributions.add(attributions)
        await tx.commit()


async def _page(
    stage: StoreStage,
    organization: Organization,
    where: AttributionFilter = EVERYTHING,
    *,
    limit: int = 50,
    before: int | None = None,
) -> list[AttributionView]:
    async with stage.unit_of_work() as tx:
        return list(await tx.attributions.list_attributions(organization.id, where, limit=limit, before=before))
