"""Following GitHub's pages: links are taken as they come, only the page's number is ever changed.

https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

PER_PAGE = 100
"""The most GitHub gives at once; without asking, it gives 30."""

LIST_ATTEMPTS = 2
"""How often a list is read that changes meanwhile: what moves between pages is missed or seen twice."""

# A list of this many pages is a loop or a mistake: no installation has a million repositories.
MAX_PAGES = 10_000
_LONGEST_HEADER = 16_384

# https://www.rfc-editor.org/rfc/rfc8288#section-3: a URL may hold commas and semicolons itself.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINK = re.compile(rf'<([^<>]*)>((?:[^,<"]|{_QUOTED})*)')
_PARAMETER = re.compile(rf';\s*([^\s=;,"]+)\s*=\s*({_QUOTED}|[^\s;,"]*)')
_PAGE = re.compile(r"([?&]page=)[0-9]+")


def parse_links(header: str | None) -> Mapping[str, str]:
    """Return the URLs of a Link header by relation; the first of a relation counts."""
    found: dict[str, str] = {}
    for url, parameters in _LINK.findall((header or "")[:_LONGEST_HEADER]):
        for name, value in _PARAMETER.findall(parameters):
            if name.lower() == "rel":
                for relation in value.strip('"').lower().split():
                    found.setdefault(relation, url)
    return found


def list_next_urls(linked: Mapping[str, str]) -> Sequence[str]:
    """Return the URLs of the pages after this one, in order.

    All of them where the last page is known by number, so that they can be read at once; else the next alone.
    """
    url, last = linked.get("next"), linked.get("last")
    if url is None:
        return ()
    first, final = _parse_page_number(url), _parse_page_number(last)
    if first is None or final is None or not first <= final <= MAX_PAGES:
        return (url,)
    return [_PAGE.sub(rf"\g<1>{number}", url, count=1) for number in range(first, final + 1)]


def _parse_page_number(url: str | None) -> int | None:
    try:
        numbers = parse_qs(urlsplit(url or "").query).get("page", [])
        return int(numbers[0]) if len(numbers) == 1 and numbers[0].isascii() else None
    except ValueError:
        return None
