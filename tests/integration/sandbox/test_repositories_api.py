"""Repositories and branches are found, hidden, renamed and paged as GitHub does."""

from urllib.parse import quote

from tests.support.servers.sandbox import INSTALLATION, MARA, OONA, RunningSandbox

ALL = f"/user/installations/{INSTALLATION}/repositories"


async def grant_all_repositories(running: RunningSandbox) -> str:
    """Let the installation have all repositories, and give its token."""
    running.data.installations[INSTALLATION].repository_selection = "all"
    return await running.installation_token()


async def test_private_repository_outside_is_not_found(running: RunningSandbox) -> None:
    """404 instead of 403; any token reads any public repository."""
    token = await running.installation_token()
    for path in ("/repos/orbital-works/docking", "/repos/acme-rockets/telemetry", "/repositories/1"):
        assert (await running.api("GET", path, token)).status_code == 404
    shown = await running.api("GET", "/repos/oona-field-away/bird-song", token)
    assert shown.status_code == 200
    branches = await running.api("GET", "/repos/oona-field-away/bird-song/branches", token)
    assert [one["name"] for one in branches.json()] == ["main"]
    assert (await running.client.get("/api/v3/repos/acme-rockets/launchpad")).status_code == 200


async def test_former_name_redirects_to_the_id(running: RunningSandbox) -> None:
    """Until another repository gets the name."""
    token = await grant_all_repositories(running)
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


async def test_former_name_of_a_hidden_repository_is_not_found(running: RunningSandbox) -> None:
    """The new name stays hidden."""
    await running.act(OONA, "rename_repository", repository="orbital-works/docking", name="soft-docking")
    token = await running.installation_token()
    assert (await running.api("GET", "/repos/orbital-works/docking", token)).status_code == 404


async def test_pages_by_links(running: RunningSandbox) -> None:
    """Every repository appears once; a page has at most 100."""
    await running.control("POST", "/repositories", owner="acme-rockets", count=250)
    token = await grant_all_repositories(running)
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


async def test_lists_finds_and_searches_branches(running: RunningSandbox) -> None:
    """Links contain ids, slashes must be written %2F, and the search is by prefix."""
    token = await grant_all_repositories(running)
    base = "/repos/acme-rockets/assembly-line"
    listed = await running.api("GET", f"{base}/branches?per_page=100", token)
    assert len(listed.json()) == 100
    number = next(one.id for one in running.data.repositories.values() if one.name == "assembly-line")
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


async def test_empty_repository_has_no_branches(running: RunningSandbox) -> None:
    """The list is empty, and searching refs is a conflict."""
    token = await grant_all_repositories(running)
    assert (await running.api("GET", "/repos/acme-rockets/new-idea/branches", token)).json() == []
    refs = await running.api("GET", "/repos/acme-rockets/new-idea/git/matching-refs/heads/x", token)
    assert refs.status_code == 409


async def test_extra_slash_is_another_path(running: RunningSandbox) -> None:
    """GitHub answers 404, in JSON."""
    answer = await running.api("GET", "/app/")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


async def test_conditional_request_is_free_for_the_same_token(running: RunningSandbox) -> None:
    """304 does not count towards the rate limit; the tag of another token does not match."""
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


async def test_lists_ten_thousand_repositories(running: RunningSandbox) -> None:
    """The last page has the right total."""
    await running.control("POST", "/repositories", owner="acme-rockets", count=10_000)
    token = await grant_all_repositories(running)
    page = await running.api("GET", "/installation/repositories?per_page=100&page=101", token)
    assert (page.json()["total_count"], len(page.json()["repositories"])) == (10_048, 48)


async def test_demo_organization_equals_that_of_up(running: RunningSandbox) -> None:
    """Installation, repositories and users have the ids that `up` writes into the database."""
    shown = (await running.api("GET", f"/app/installations/{INSTALLATION}")).json()
    assert (shown["account"]["login"], shown["account"]["id"]) == ("acme-rockets", 900_000_100)
    assert shown["repository_selection"] == "selected"
    listed = (await running.api("GET", "/installation/repositories", await running.installation_token())).json()
    assert [(one["id"], one["name"]) for one in listed["repositories"]] == [
        (700_000_001, "launchpad"),
        (700_000_002, "guidance"),
    ]
    assert (await running.api("GET", "/user", running.user_token(MARA))).json()["id"] == 900_000_001
    assert len(running.data.repositories) > 60
