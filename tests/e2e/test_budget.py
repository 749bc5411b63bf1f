"""Limits on the size and the loading time of each page, and its accessibility."""

import gzip

import pytest
from playwright.sync_api import Response

from tests.support.scenarios.dashboard import PHONE, Site

PAGES = (
    "projects",
    "projects/import",
    "events",
    "attribution",
    "audit",
    "settings/integrations",
    "account/connections",
)
# In bytes of gzip; the import page was measured at 152,966.
MOST_JAVASCRIPT = 150 * 1024
MOST_MS_TO_CONTENT = 1000.0
MOST_SHIFT = 0.05

_PAINTED = "performance.getEntriesByName('first-contentful-paint')"
_OBSERVE_SHIFTS = """
window.shift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""


@pytest.mark.parametrize("path", PAGES)
def test_page_is_small_fast_and_stable(site: Site, path: str) -> None:
    """Limits the JavaScript as sent, the time to first content, and layout shifts."""
    with site.person() as person:
        scripts: list[Response] = []
        person.page.on(
            "response", lambda answer: scripts.append(answer) if answer.request.resource_type == "script" else None
        )
        person.page.add_init_script(_OBSERVE_SHIFTS)
        person.open(path)
        # Pages with an event stream keep a request open.
        has_stream = path in ("events", "projects/import")
        person.page.wait_for_load_state("load" if has_stream else "networkidle")
        person.page.get_by_role("heading", level=1).first.wait_for()
        person.page.wait_for_function(f"() => {_PAINTED}.length > 0")
        first = person.page.evaluate(f"{_PAINTED}[0].startTime")
        sent = sum(len(gzip.compress(answer.body())) for answer in scripts)

        assert 50_000 < sent <= MOST_JAVASCRIPT
        assert first <= MOST_MS_TO_CONTENT
        assert person.page.evaluate("window.shift") <= MOST_SHIFT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible(site: Site, path: str, scheme: str) -> None:
    """Axe finds no violations, and a phone does not scroll sideways."""
    with site.person(scheme=scheme) as person:
        person.open(path)
        person.page.get_by_role("heading", level=1).first.wait_for()
        assert person.violations() == []
        person.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
