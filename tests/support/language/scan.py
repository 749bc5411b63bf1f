"""Find banned words in files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.language.allowances import allowances_in
from tests.support.language.plain_texts import texts_of_markdown, texts_of_plain, texts_of_policy, texts_of_proto
from tests.support.language.python_texts import texts_of_python
from tests.support.language.texts import Text, words_of
from tests.support.language.typescript_texts import texts_of_typescript, texts_of_typescript_tests
from tests.support.language.words import BANNED, BANNED_IN_NAMES

ROOT = Path(__file__).parents[3]

_READERS = {
    ".py": texts_of_python,
    ".test.ts": texts_of_typescript_tests,
    ".ts": texts_of_typescript,
    ".tsx": texts_of_typescript,
    ".md": texts_of_markdown,
    ".proto": texts_of_proto,
    ".polar": texts_of_policy,
}
_SCANNED = (
    "*.md",
    "Makefile",
    "Dockerfile",
    "compose.yaml",
    "pyproject.toml",
    "src/**/*.py",
    "src/**/*.polar",
    "src/**/*.json",
    "local/**/*.py",
    "sandbox/**/*.py",
    "sandbox/**/*.json",
    "testing/**/*.py",
    "tests/**/*.py",
    "benchmarks/**/*.py",
    "proto/crewkit/**/*.proto",
    "proto/generate.py",
    "docs/**/*.md",
    "docs/**/*.json",
    "deploy/**/*",
    "src/**/*.html",
    "dashboard/index.html",
    "dashboard/src/**/*.ts",
    "dashboard/src/**/*.tsx",
)
# Only developers read the strings in these.
_WITHOUT_USERS = ("tests/", "benchmarks/")
_NOT_SCANNED = (
    # Payloads of GitHub.
    "deploy/demo/payloads/",
    # Built or generated from files that are scanned themselves.
    "src/entrypoints/rest/dashboard/files/",
    "dashboard/src/lib/api/schema.d.ts",
    # The banned words themselves.
    "tests/support/language/allowances.py",
    "tests/support/language/participles.py",
    "tests/support/language/words.py",
    "tests/architecture/test_language.py",
    "tests/architecture/test_names.py",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A banned word in a text, or an allowance that is wrong."""

    path: str
    line: int
    message: str
    is_public: bool

    name: str = ""
    """The banned word, or nothing for an allowance."""

    def __str__(self) -> str:
        """Write it as compilers do, so that editors open the line."""
        return f"{self.path}:{self.line}: {self.message}"


def list_files() -> list[str]:
    """Return the paths of all files that are scanned, from the root of the repository."""
    paths = {path.relative_to(ROOT).as_posix() for pattern in _SCANNED for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in paths if not path.startswith(_NOT_SCANNED))


def scan_all() -> list[Finding]:
    """Return the findings of all files."""
    return [finding for path in list_files() for finding in scan(path, (ROOT / path).read_text(encoding="utf-8"))]


def scan(path: str, source: str) -> list[Finding]:
    """Return the findings of one file. Its name decides how it is read."""
    read = next((reader for suffix, reader in _READERS.items() if path.endswith(suffix)), texts_of_plain)
    allowances = allowances_in(source)
    unused = {allowance for allowance in allowances if allowance.has_reason}
    findings = [
        Finding(path, allowance.line, "This allowance has no reason. Write one after ` - `.", is_public=True)
        for allowance in allowances
        if not allowance.has_reason
    ]
    for text in read(source):
        for line, name, advice in _matches(text):
            excuses = {
                allowance
                for allowance in allowances
                if allowance.has_reason and allowance.name == name and text.line - 1 <= allowance.line <= text.last_line
            }
            unused -= excuses
            if not excuses:
                message = f'"{name}" is a banned word. Instead: {advice}.'
                is_public = text.is_public and not path.startswith(_WITHOUT_USERS)
                findings.append(Finding(path, line, message, is_public, name))
    findings += [
        Finding(path, allowance.line, "This allowance allows nothing. Remove it.", is_public=True)
        for allowance in unused
    ]
    return sorted(findings, key=lambda finding: finding.line)


def _matches(text: Text) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and advice of each banned word."""
    if text.is_name:
        for word in BANNED_IN_NAMES.intersection(words_of(text.content)):
            yield text.line, word, f"a name without it, instead of `{text.content}`"
        return
    content = text.content
    for banned in BANNED:
        for match in banned.pattern.finditer(content):
            # An allowance names the word, so it is not an occurrence of it.
            if "language: allow" not in content[content.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]:
                line = min(text.line + content.count("\n", 0, match.start()), text.last_line)
                yield line, banned.name, banned.advice
