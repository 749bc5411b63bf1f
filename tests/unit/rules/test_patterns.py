"""Patterns for branches, tags and paths, compared with the documented examples and with another implementation."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.rules.patterns import PatternList, check_patterns, escape, is_selected

# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
EXAMPLES = [
    ("feature/*", ["feature/my-branch", "feature/your-branch"], ["feature", "feature/beta-a/my-branch"]),
    ("feature/**", ["feature/beta-a/my-branch", "feature/your-branch"], ["feature", "features/a"]),
    ("main", ["main"], ["main2", "domain", "Main", ""]),
    ("*", ["main", "releases"], ["all/the/branches"]),
    ("**", ["all/the/branches", "every/tag", ""], []),
    ("*feature", ["mona-feature", "feature", "ver-10-feature"], ["a/feature", "feature-1"]),
    ("v2*", ["v2", "v2.0", "v2.9"], ["v1", "v2/a"]),
    ("v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1..1", "v1.0.0-rc"]),
    ("*.jsx?", ["page.js", "page.jsx"], ["page.jsxx", "a/page.js"]),
    ("**.js", ["index.js", "js/index.js", "src/js/app.js"], ["index.jsx"]),
    ("docs/*", ["docs/README.md", "docs/file.md"], ["docs", "docs/a/b.md"]),
    ("docs/**", ["docs/README.md", "docs/mona/octocat.txt"], ["docs", "a/docs/b"]),
    ("docs/**/*.md", ["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"], ["docs/a.txt"]),
    ("**/docs/**", ["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"], ["docs", "mydocs/a"]),
    ("**/README.md", ["README.md", "js/README.md"], ["MYREADME.md", "README.md/a"]),
    ("**/*src/**", ["a/src/app.js", "my-src/code/js/app.js"], ["src", "srcs/a"]),
    ("**/*-post.md", ["my-post.md", "path/their-post.md"], ["post.md"]),
    ("**/migrate-*.sql", ["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"], ["migrate.sql"]),
    ("[CB]at", ["Cat", "Bat"], ["cat", "CBat"]),
    ("[1-2]00", ["100", "200"], ["300", "1-200"]),
    ("a?b", ["ab", "b"], ["aab"]),
    ("a+b", ["ab", "aaab"], ["b"]),
    (r"\*\?\[\!\\a", [r"*?[!\a"], [r"\*?[!\a"]),
    ("a!b", ["a!b"], ["ab"]),
    ("größe/🚀*", ["größe/🚀", "größe/🚀1"], ["größe/"]),
    ("a/**/b/**/c", ["a/b/c", "a/x/b/y/z/c"], ["a/c", "ab/c"]),
    ("***", ["", "a/b"], []),
]


@pytest.mark.parametrize(("pattern", "matching", "others"), EXAMPLES)
def test_matches_like_github_actions(pattern: str, matching: list[str], others: list[str]) -> None:
    patterns = PatternList([pattern])
    assert [text for text in matching if patterns.find_last(text) != pattern] == []
    assert [text for text in others if patterns.find_last(text) is not None] == []


def test_last_matching_pattern_decides() -> None:
    patterns = PatternList(["docs/**", "!docs/**/*.md", "docs/README.md"])
    assert patterns.find_last("docs/a.txt") == "docs/**"
    assert patterns.find_last("docs/a/b.md") == "!docs/**/*.md"
    assert patterns.find_last("docs/README.md") == "docs/README.md"
    assert patterns.find_last("src/a.py") is None
    assert [is_selected(patterns.find_last(text)) for text in ("docs/a.txt", "docs/b.md", "src/a.py")] == [
        True,
        False,
        False,
    ]


def match_by_expression(pattern: str, text: str) -> bool:
    """Return what Python's regular expressions say: the other implementation, which can take very long."""
    expression = re.sub(
        r"\\(.)|(\*\*/)|(\*\*)|(\*)|(\[[^\]]*\])|([?+])|(.)",
        lambda token: (
            re.escape(token[1] or token[7] or "")
            or (token[2] and "(?:.+/)?")
            or (token[3] and ".*")
            or (token[4] and "[^/]*")
            or (token[5] or token[6])
        ),
        pattern,
        flags=re.DOTALL,
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


_LITERALS = st.sampled_from(["a", "b", "c", ".", "-", r"\*", r"\?", r"\\", "1", "ü"])
_REPEATABLE = st.one_of(_LITERALS, st.sampled_from(["[ab]", "[a-c1-3]", "[c]"]))
_ELEMENTS = st.one_of(
    st.tuples(_REPEATABLE, st.sampled_from(["", "", "", "?", "+"])).map("".join),
    st.sampled_from(["/", "*", "**", "**/", "/**/", "/*"]),
)
PATTERNS = st.lists(_ELEMENTS, min_size=1, max_size=8).map("".join)
TEXTS = st.text(st.sampled_from("abc/.-*?\\1ü"), max_size=12)


@given(pattern=PATTERNS, text=TEXTS)
def test_agrees_with_regular_expressions(pattern: str, text: str) -> None:
    assert (PatternList([pattern]).find_last(text) == pattern) is match_by_expression(pattern, text)


@given(patterns=st.lists(st.tuples(st.booleans(), PATTERNS), max_size=6), texts=st.lists(TEXTS, max_size=6))
def test_order_decides_as_when_matched_one_by_one(patterns: list[tuple[bool, str]], texts: list[str]) -> None:
    written = [f"!{pattern}" if excludes else pattern for excludes, pattern in patterns]
    compiled = PatternList(written)
    for text in texts:
        expected = None
        for pattern in written:
            if match_by_expression(pattern.removeprefix("!"), text):
                expected = pattern
        assert compiled.find_last(text) == expected


@given(text=st.text(max_size=20), other=st.text(max_size=20))
def test_escaped_text_matches_only_itself(text: str, other: str) -> None:
    patterns = PatternList([escape(text)])
    assert patterns.find_last(text) == escape(text)
    assert text == other or patterns.find_last(other) is None


def test_time_is_linear_for_hostile_patterns() -> None:
    """A regular expression would need more steps than there are atoms in the universe."""
    patterns = PatternList(["**a" * 80 + "b", "*a" * 80 + "b", "[ab]+" * 50 + "c"])
    started = time.process_time()
    assert patterns.find_last("a" * 4_000) is None
    assert time.process_time() - started < 2


def test_memory_is_bounded_for_changing_texts() -> None:
    """Texts with ever new characters do not fill the memory, and still match."""
    patterns = PatternList(["**x"])
    assert all(patterns.find_last(f"{chr(0x4E00 + number)}x") == "**x" for number in range(10_000))
    assert patterns._steps <= 500


@pytest.mark.parametrize(
    ("patterns", "problems"),
    [
        ([], {}),
        (["main", "!main"], {}),
        ([""], {0: "Use 1 to 255"}),
        (["a", "!"], {1: "Use 1 to 255"}),
        (["x" * 255], {}),
        (["x" * 256], {0: "Use 1 to 255"}),
        (["a\nb"], {0: "Remove invisible characters"}),
        (["a\ud800"], {0: "Remove invisible characters"}),
        (["!docs/**"], {None: "Add a pattern without `!`"}),
        (["a"] * 51, {None: "Use at most 50 patterns"}),
        (["[a", "b]"], {0: "Close the bracket"}),
        (["[]"], {0: "Put only letters, digits and ranges"}),
        (["[a-]"], {0: "Put only letters, digits and ranges"}),
        (["[z-a]"], {0: "Put only letters, digits and ranges"}),
        (["[A-z]"], {0: "Put only letters, digits and ranges"}),
        (["[_]"], {0: "Put only letters, digits and ranges"}),
        (["?a"], {0: "Put a character or brackets before `?`"}),
        (["+"], {0: "Put a character or brackets before `+`"}),
        (["a**+"], {0: "Put a character or brackets before `+`"}),
        (["a+?"], {0: "Put a character or brackets before `?`"}),
        (["a\\"], {0: "Add the character"}),
        (["/a", "!./b", ".github/**", "a/"], {0: "Start with a name", 1: "Start with a name"}),
    ],
)
def test_explains_what_to_correct(patterns: list[str], problems: dict[int | None, str]) -> None:
    found = check_patterns(patterns)
    assert found.keys() == problems.keys()
    assert all(found[number].startswith(start) for number, start in problems.items())
    assert all(
        found[number].endswith(f"The pattern is `{patterns[number][:255]}`.") for number in found if number is not None
    )


@given(patterns=st.lists(st.text(max_size=30), max_size=5))
def test_every_text_is_a_valid_pattern_or_explained(patterns: list[str]) -> None:
    """Nothing that passes the check fails later."""
    if not check_patterns(patterns):
        assert PatternList(patterns).find_last("src/main.py") in (None, *patterns)
