"""Repositories and branches are found, hidden, renamed and paged as GitHub does."""

from urllib.parse import quote

from tests.support.servers.sandbox import INSTALLATION, MARA, OONA, RunningSandbox

ALL = f"/user/installations/{INSTALLATION}/repositories"


async def everything(running: RunningSandbox) -> str:
    """Let the installation have all repositories, and give its token."""
    running.world.installations[INSTALLATION].repository_selection = "all"
    return await running.installation_token()


async def test_a_private_repository_outside_is_not_there(running: RunningSandbox) -> None:
    """It is a 404, not a 403; a public one of anybody is shown to any token."""
    token = await running.installation_token()
    for path in ("/repos/orbital-works/docking", "/repos/acme-rockets/telemetry", "/repositories/1"):
        assert (await running.api("GET", path, token)).status_code == 404
    shown = await running.api("GET", "/repos/oona-field-away/bird-song", token)
    assert shown.status_code == 200
    branches = await running.api("GET", "/repos/oona-field-away/bird-song/branches", token)
    assert [one["name"] for one in branches.json()] == ["main"]
    assert (await running.client.get("/api/v3/repos/acme-rockets/launchpad")).status_code == 200


async def test_a_former_name_leads_to_the_id(running: RunningSandbox) -> None:
    """Until somebody takes the name: then it is another repository."""
    token = await everything(running)
    await running.act(MARA, "rename_repository", repository="acme-rockets/launchpad", name="pad")
    moved = await running.api("GET", "/repos/acme-rockets/launchpad/branches", token)
    assert moved.status_code == 301
    assert moved.headers["location"] == f"{running.api_url}/repositories/700000001/branches"
    assert moved.json()["url"] == moved.headers["location"]
    await running.act(MARA, "create_repository", owner="acme-rockets", name="launchpad", private=True)
    shown = (await running.api("GET", "/repos/acme-rockets/launchpad", token)).json()
    assert shown["id"] != 700000001
    await running.act(MARA, "delete_repository", repository="acme-rockets/pad")
    assert (await running.api("GET", "/repos/acme-rockets/pad", token)).status_code == 404


async def test_a_former_name_of_a_hidden_repository_leads_nowhere(running: RunningSandbox) -> None:
    """Who may not see it learns nothing of its new name."""
    await running.act(OONA, "rename_repository", repository="orbital-works/docking", name="soft-docking")
    token = await running.installation_token()
    assert (await running.api("GET", "/repos/orbital-works/docking", token)).status_code == 404


async def test_pages_follow_links_and_end(running: RunningSandbox) -> None:
    """Every repository comes once; more than a hundred a page is not to be had."""
    await running.control("POST", "/repositories", owner="acme-rockets", count=250)
    token = await everything(running)
    seen, url, pages = [], "/installation/repositories?per_page=1000", 0
    while url:
        page = await running.api("GET", url, token)
        seen += [one["id"] for one in page.json()["repositories"]]
        assert len(page.json()["repositories"]) <= 100
        url, pages = page.links.get("next", {}).get("url", "").removeprefix(running.api_url), pages + 1
    assert len(seen) == len(set(seen)) == page.json()["total_count"] == 250 + 48
    assert pages == 3
    assert set(page.links) == {"first", "prev"}
    first = await running.api("GET", "/installation/repositories", token)
    assert len(first.json()["repositories"]) == 30
    assert set(first.links) == {"next", "last"}
    beyond = await running.api("GET", "/installation/repositories?page=99", token)
    assert beyond.json()["repositories"] == []
    odd = await running.api("GET", "/installation/repositories?per_page=x&page=-1", token)
    assert len(odd.json()["repositories"]) == 30


async def test_branches_are_listed_found_and_searched(running: RunningSandbox) -> None:
    """Links go by id, slashes must be written %2F, and a prefix finds."""
    token = await everything(running)
    base = "/repos/acme-rockets/assembly-line"
    listed = await running.api("GET", f"{base}/branches?per_page=100", token)
    assert len(listed.json()) == 100
    number = next(one.id for one in running.world.repositories.values() if one.name == "assembly-line")
    assert listed.links["next"]["url"] == (f"{running.api_url}/repositories/{number}/branches?per_page=100&page=2")
    following = listed.links["next"]["url"].removeprefix(running.api_url)
    assert (await running.api("GET", following, token)).json()[0]["name"] == "task/0099"
    found = await running.api("GET", f"{base}/branches/task%2F0007", token)
    assert found.json()["name"] == "task/0007"
    assert (await running.api("GET", f"{base}/branches/task/0007", token)).status_code == 404
    matching = await running.api("GET", f"{base}/git/matching-refs/heads/task/000", token)
    assert [one["ref"][-4:] for one in matching.json()] == [f"000{digit}" for digit in range(10)]
    unusual = quote("fix/issue-#42", safe="")
    shown = await running.api("GET", f"/repos/acme-rockets/handbook/branches/{unusual}", token)
    assert shown.json()["name"] == "fix/issue-#42"
    protected = await running.api("GET", "/repos/acme-rockets/guidance/branches?protected=true", token)
    assert [one["name"] for one in protected.json()] == ["main"]


async def test_an_empty_repository_has_no_branches(running: RunningSandbox) -> None:
    """The list is empty, and looking for refs is a conflict."""
    token = await everything(running)
    assert (await running.api("GET", "/repos/acme-rockets/new-idea/branches", token)).json() == []
    refs = await running.api("GET", "/repos/acme-rockets/new-idea/git/matching-refs/heads/x", token)
    assert refs.status_code == 409


async def test_a_slash_too_many_is_another_path(running: RunningSandbox) -> None:
    """GitHub answers 404, in JSON."""
    answer = await running.api("GET", "/app/")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


async def test_what_one_has_already_is_free_for_the_same_token_alone(running: RunningSandbox) -> None:
    """304 costs nothing of the hour; the tag of another token does not fit."""
    first, second = await running.installation_token(), await running.installation_token()
    answer = await running.api("GET", "/installation/repositories", first)
    headers = {"if-none-match": answer.headers["etag"]}
    again = await running.api("GET", "/installation/repositories", first, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == answer.headers["x-ratelimit-used"]
    other = await running.api("GET", "/installation/repositories", second, headers=headers)
    assert other.status_code == 200
    limits = await running.api("GET", "/rate_limit", first)
    headers = {"if-none-match": limits.headers["etag"]}
    assert (await running.api("GET", "/rate_limit", first, headers=headers)).status_code == 304
    unchanged = await running.api("GET", "/rate_limit", first)
    assert unchanged.headers["x-ratelimit-used"] == limits.headers["x-ratelimit-used"]


async def test_ten_thousand_repositories_are_listed(running: RunningSandbox) -> None:
    """The last page of the largest installation comes with all before it counted."""
    await running.control("POST", "/repositories", owner="acme-rockets", count=10_000)
    token = await everything(running)
    page = await running.api("GET", "/installation/repositories?per_page=100&page=101", token)
    assert (page.json()["total_count"], len(page.json()["repositories"])) == (10_048, 48)


async def test_the_demo_organization_is_the_one_of_up(running: RunningSandbox) -> None:
    """Installation, repositories and people have the ids that `up` writes into the database."""
    shown = (await running.api("GET", f"/app/installations/{INSTALLATION}")).json()
    assert (shown["account"]["login"], shown["account"]["id"]) == ("acme-rockets", 900_000_100)
    assert shown["repository_selection"] == "selected"
    listed = (await running.api("GET", "/installation/repositories", await running.installation_token())).json()
    assert [(one["id"], one["name"]) for one in listed["repositories"]] == [
        (700_000_001, "launchpad"),
        (700_000_002, "guidance"),
    ]
    assert (await running.api("GET", "/user", running.user_token(MARA))).json()["id"] == 900_000_001
    assert len(running.world.repositories) > 60
