"""What may be chosen of a link, whatever anyone sends."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.links.link import LinkChoices, LinkInvalid, apply_choices, normalize_choices
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
def test_normalizes_directories(given: str, kept: str) -> None:
    """The root is empty."""
    assert normalize_choices(LinkChoices(root_directory=given)).root_directory == kept


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "..", "../a", "a/..", "a/../b", "./..", "././a", "a//b", "a//", "a/./b", "a\\b", "a\nb", "x" * 513],
)
def test_rejects_invalid_directories(path: str) -> None:
    """Those that leave the root, or that programs would read differently."""
    with pytest.raises(LinkInvalid) as refusal:
        normalize_choices(LinkChoices(root_directory=path))
    assert [field.field for field in refusal.value.fields] == ["settings.root_directory"]


@given(path=PATHS | st.text(max_size=40))
def test_directories_stay_below_the_root(path: str) -> None:
    """Normalizing twice changes nothing."""
    try:
        kept = normalize_choices(LinkChoices(root_directory=path)).root_directory
    except LinkInvalid:
        return
    assert kept is not None
    assert posixpath.normpath(posixpath.join("/repository", kept)) == ("/repository/" + kept).rstrip("/")
    assert normalize_choices(LinkChoices(root_directory=kept)).root_directory == kept


@pytest.mark.parametrize("name", ["main", "release/1.x", "feature/#12", "größe/🚀", "a@b", "HEAD", "x" * 255])
def test_accepts_branches(name: str) -> None:
    """Unchanged."""
    assert normalize_choices(LinkChoices(default_branch=name)).default_branch == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "a@{b", "-a"]
    + [f"a{char}b" for char in "~^:?*[\\\0\x7f\n"]
    + ["x" * 256],
)
def test_rejects_invalid_branches(name: str) -> None:
    """Git allows no such name."""
    with pytest.raises(LinkInvalid) as refusal:
        normalize_choices(LinkChoices(default_branch=name))
    assert [field.field for field in refusal.value.fields] == ["default_branch"]


def test_other_settings_stay() -> None:
    """Of the link, too."""
    assert apply_choices(LINK, LinkChoices()) == LINK
    once = apply_choices(LINK, LinkChoices(root_directory="apps", webhooks_enabled=False))
    assert (once.settings, once.webhooks_enabled) == ({"root_directory": "apps"}, False)
    assert apply_choices(once, LinkChoices(webhooks_enabled=True)).settings == {"root_directory": "apps"}
    assert apply_choices(once, LinkChoices(root_directory="")).settings == {}
