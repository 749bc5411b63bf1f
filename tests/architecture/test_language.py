"""Texts and names use plain English: they contain no banned words."""

import pytest

from tests.support.language.scan import list_files, scan, scan_all

HOW = "See CONTRIBUTING.md; `make language` prints each place."


def test_texts_and_names_use_plain_english() -> None:
    assert [str(finding) for finding in scan_all()] == [], HOW


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "docs/openapi.json",
        "proto/crewkit/git/v1/events.proto",
        "src/entrypoints/cli/main.py",
        "tests/conftest.py",
        "benchmarks/report.py",
        "src/adapters/oso_policy/policy/roles.polar",
        "src/entrypoints/rest/browser/templates/page.html",
        "dashboard/src/main.tsx",
        "deploy/observe/alerts.yml",
        "compose.yaml",
        "Makefile",
    ],
)
def test_scans_each_kind_of_file(path: str) -> None:
    assert path in list_files()


@pytest.mark.parametrize(
    ("path", "source", "is_public"),
    [
        ("a.py", 'raise ValueError("The cursor is none of ours.")', True),
        ("a.py", 'raise ValueError(f"{cursor} is none of ours.")', True),
        ("a.py", 'raise ValueError(\n    "The cursor is none "\n    "of ours."\n)', True),
        ("a.py", 'log.info("delivery_told")', True),
        ("a.py", 'log.info("delivery_stored", told=3)', True),
        ("a.py", '@click.command()\ndef run() -> None:\n    """Tell the time."""', True),
        ("a.py", 'def run() -> None:\n    """Tell the time."""', False),
        ("a.py", "# What became of it.\n", False),
        ("a.py", "# The result, and what became\n# of it.\n", False),
        ("a.py", "def told() -> None: ...", False),
        ("a.py", "class NothingTold: ...", False),
        ("a.py", 'QUERY = "SELECT told FROM events"', False),
        ("a.proto", "// Whoever reads it.\nmessage Event {}\n", True),
        ("a.proto", "message Event {\n  // What became\n  // of it.\n  string id = 1;\n}\n", True),
        ("a.md", "# Events\n\nNobody's event, and what\nbecame of it.\n", True),
        ("a.tsx", "export const Page = () => <p>What GitHub told us</p>;", True),
        ("a.tsx", "export const Page = () => <p>\n  What became\n  of {event}\n</p>;", True),
        ("a.tsx", "export const Page = () => <p>{count} are told</p>;", True),
        ("a.tsx", 'export const Page = () => <Card title="Told by GitHub" />;', True),
        ("a.tsx", "const title = `${name} is told`;", True),
        ("a.tsx", "// Whoever calls this.\n", False),
        ("a.tsx", "const isTold = true;", False),
        ("a.test.ts", 'it("tells a member", () => {});', False),
        ("a.polar", "# Whoever is a member.\n", False),
        ("a.yml", "summary: What became of deliveries\n", True),
        ("a.sh", "# Lest it be\n# told.\n", True),
        ("a.json", '{\n  "summary": "What became of it"\n}', True),
        ("tests/a.py", 'raise ValueError("The cursor is none of ours.")', False),
        ("benchmarks/a.py", "# What became of it.\n", False),
    ],
)
def test_finds_a_banned_word(path: str, source: str, is_public: bool) -> None:
    assert {finding.is_public for finding in scan(path, source)} == {is_public}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.py", "if value is None:\n    file.seek(0)"),
        ("a.py", 'QUERY = f"SELECT id FROM events WHERE {told}"'),
        ("a.md", "One.\n\nof ourselves\n\nSee [decision 7](adr/0007-what-was-told.md) and `told_at`."),
        ("a.md", "There is no such event, and it is no longer kept."),
        ("a.tsx", "const many = list.length > 1 && other < 2;"),
    ],
)
def test_finds_nothing_in_ordinary_text(path: str, source: str) -> None:
    assert scan(path, source) == []


def test_reports_the_line_within_a_paragraph() -> None:
    [finding] = scan("a.md", "Title\n\nA delivery, and\nwhat became\nof it.")
    assert str(finding).startswith('a.md:4: "what became of" is a banned word.')


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.py", '# language: allow "told" - a quotation from GitHub\nraise ValueError("I told you")'),
        ("a.py", 'raise ValueError("I told you")  # language: allow "told" - a quotation from GitHub'),
        ("a.md", '<!-- language: allow "told" - a quotation from GitHub -->\n"I told you"'),
        ("a.tsx", 'const a = "I told you"; // language: allow "told" - a quotation from GitHub'),
    ],
)
def test_respects_an_allowance(path: str, source: str) -> None:
    assert scan(path, source) == []


@pytest.mark.parametrize(
    "allowance",
    ['language: allow "told"', 'language: allow "told" -', 'language: allow "told" - ok', "language: allow - because"],
)
def test_rejects_an_allowance_without_a_word_or_a_reason(allowance: str) -> None:
    found = scan("a.py", f'# {allowance}\nraise ValueError("I told you")')
    assert any(finding.is_public and finding.line == 1 for finding in found)
    assert any('"told"' in finding.message for finding in found)


def test_rejects_an_allowance_that_allows_nothing() -> None:
    [finding] = scan("a.py", '# language: allow "told" - a quotation from GitHub\nraise ValueError("Hello you")')
    assert "Remove it" in finding.message


def test_an_allowance_is_for_its_word_alone() -> None:
    source = '# language: allow "told" - a quotation from GitHub\nraise ValueError("I told whoever asked")'
    assert ['"whoever"' in finding.message for finding in scan("a.py", source)] == [True]
