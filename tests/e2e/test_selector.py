"""10,000 repositories in the selector: typing is as fast as with 10."""

from math import inf
from statistics import median

from playwright.sync_api import Page, expect

from tests.support.conditions import wait_until
from tests.support.scenarios.dashboard import Site

REPOSITORIES = 10_000
MOST_MS = 100.0
MOST_ROUNDS = 3

# Measures from the input event until the rows of its response are painted: the list names its search text.
_TYPE = """async text => {
  const input = document.querySelector('[role=combobox][aria-label="Search repositories"]');
  const list = document.getElementById(input.getAttribute('aria-controls'));
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const started = performance.now();
  set.call(input, text);
  input.dispatchEvent(new Event('input', {bubbles: true}));
  while (list.dataset.found !== text) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - started;
}"""


def test_searches_ten_thousand_repositories_quickly(site: Site) -> None:
    """Measures common and rare words; the best of some rounds counts."""
    made = {"owner": "acme-rockets", "count": REPOSITORIES, "prefix": "module", "private": False}
    site.control("POST", "/_sandbox/repositories", **made)
    installation = site.demo["installation_id"]
    site.act("mara-okafor-acme", "choose_repositories", installation=int(installation), selection="all")
    with site.api() as api:
        catalog = f"/api/v1/{site.organization}/git-integrations/github"
        last = {"q": f"module-{REPOSITORIES - 1:05}"}
        # A sync follows this request or the webhook that was just sent.
        api.post(f"{catalog}/sync")
        wait_until(lambda: api.get(f"{catalog}/repos", params=last).json()["data"], seconds=90)
    with site.person() as person:
        medians: list[float] = []
        # Other work on the machine only makes a round slower.
        while len(medians) < MOST_ROUNDS and min(medians, default=inf) > MOST_MS:
            medians.append(median(times_of_typing(person.open("projects/import").page)))
        assert min(medians) <= MOST_MS, f"medians in ms: {medians}"


def times_of_typing(page: Page) -> list[float]:
    """Return the milliseconds from input to painted result for each letter of some words."""
    listed = page.get_by_role("listbox", name="Repositories").get_by_role("option", name="module-09999")
    page.get_by_role("combobox", name="Search repositories").fill("module-09999")
    expect(listed).to_be_visible()
    words = ("module", "launch", "999", "guidance", "ule-012")
    texts = [word[:length] for word in words for length in range(1, len(word) + 1)]
    return [page.evaluate(_TYPE, text) for text in texts]
