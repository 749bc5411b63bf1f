"""The page /docs: Swagger UI under a strict policy."""

from playwright.sync_api import expect

from tests.support.scenarios.dashboard import Site


def test_developer_calls_an_operation_with_a_token(site: Site) -> None:
    """The browser reports no violation of the policy: messages in the console fail the test."""
    token = site.demo["users"]["viewer"]["token"]
    with site.person() as person:
        page = person.page
        page.goto(f"{site.url}/docs")
        operation = page.locator("#operations-Account-show_user")
        expect(operation).to_be_visible()
        page.get_by_role("button", name="Authorize", exact=True).click()
        bearer = page.locator(".auth-container", has=page.locator("#auth-bearer-value"))
        bearer.locator("#auth-bearer-value").fill(token)
        bearer.locator("button.authorize").click()
        page.locator(".auth-container .btn-done").first.click()
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        with page.expect_response("**/api/v1/user") as answered:
            operation.get_by_role("button", name="Execute").click()

        assert answered.value.status == 200
        assert answered.value.request.headers["authorization"] == f"Bearer {token}"
        expect(operation.locator(".live-responses-table")).to_contain_text("200")


def test_reference_shows_each_operation(site: Site) -> None:
    with site.person() as person:
        page = person.page
        page.goto(f"{site.url}/docs")
        document = page.request.get(f"{site.url}/api/v1/openapi.json").json()
        names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
        expect(page.locator(".opblock")).to_have_count(len(names))
