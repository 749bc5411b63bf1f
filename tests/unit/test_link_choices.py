"""What may be chosen of a link, whatever anyone sends."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.links.choices import LinkChoices, LinkInvalid, apply_choices, normalize_choices
from tests.support.builders.domain import LINK

PATHS = st.lists(st.sampled_from([".", "..", "", "a", "apps", "web.js", "ü", "\\", "\0", " "]), max_size=6).map(
    "/".join
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        (".", ""),
        ("./", ""),
        ("apps/web", "apps/web"),
        ("./apps/web/", "apps/web"),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        (".github", ".github"),
        ("x" * 512, "x" * 512),
    ],
)
def test_directories(given: str, kept: str) -> None:
    """Are kept in one spelling; the root is empty."""
    assert normalize_choices(LinkChoices(root_directory=given)).root_directory == kept


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "..", "../a", "a/..", "a/../b", "./..", "././a", "a//b", "a//", "a/./b", "a\\b", "a\nb", "x" * 513],
)
def test_what_is_no_directory(path: str) -> None:
    """Nothing that leads out, or that two programs would read otherwise."""
    with pytest.raises(LinkInvalid) as refusal:
        normalize_choices(LinkChoices(root_directory=path))
    assert [field.field for field in refusal.value.fields] == ["settings.root_directory"]


@given(path=PATHS | st.text(max_size=40))
def test_no_directory_leads_out(path: str) -> None:
    """What is taken stays below the root, and is taken again unchanged."""
    try:
        kept = normalize_choices(LinkChoices(root_directory=path)).root_directory
    except LinkInvalid:
        return
    assert kept is not None
    assert posixpath.normpath(posixpath.join("/repository", kept)) == ("/repository/" + kept).rstrip("/")
    assert normalize_choices(LinkChoices(root_directory=kept)).root_directory == kept


@pytest.mark.parametrize("name", ["main", "release/1.x", "feature/#12", "größe/🚀", "a@b", "HEAD", "x" * 255])
def test_branches(name: str) -> None:
    """Are kept as they are."""
    assert normalize_choices(LinkChoices(default_branch=name)).default_branch == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "a@{b", "-a"]
    + [f"a{char}b" for char in "~^:?*[\\\0\x7f\n"]
    + ["x" * 256],
)
def test_what_is_no_branch(name: str) -> None:
    """Git knows no such name."""
    with pytest.raises(LinkInvalid) as refusal:
        normalize_choices(LinkChoices(default_branch=name))
    assert [field.field for field in refusal.value.fields] == ["default_branch"]


def test_what_is_not_chosen_stays() -> None:
    """Other settings of the link, too."""
    assert apply_choices(LINK, LinkChoices()) == LINK
    once = apply_choices(LINK, LinkChoices(root_directory="apps", webhooks_enabled=False))
    assert (once.settings, once.webhooks_enabled) == ({"root_directory": "apps"}, False)
    assert apply_choices(once, LinkChoices(webhooks_enabled=True)).settings == {"root_directory": "apps"}
    assert apply_choices(once, LinkChoices(root_directory="")).settings == {}
