"""Which events reach a project: rules and events, with the reason, the pattern and the value that decide."""

from dataclasses import replace

import pytest

from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.provider_events import ProviderUser, PullRequest, Push
from core.domain.rules.decision import RuleDecision, RuleReason, evaluate_rules
from core.domain.rules.rules import PlainRules, read_rules
from testing.builders.entities import Fact
from tests.support.builders.domain import COMMIT, NO_COMMIT, PRIYA, PULL_REQUEST, PUSH

BOT = ProviderUser("49699333", "dependabot[bot]", "Bot")


def push(ref: str = "main", *paths: str, message: str = "Hold", **values: Fact) -> Push:
    """Return a push to a branch, or to a full ref, that changes these paths."""
    full_ref = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    changed = ChangedFiles.of(paths or ("README.md",), complete=True)
    given = replace(PUSH, ref=full_ref, changed_files=changed, head_commit=replace(COMMIT, message=message))
    return replace(given, **values)


def tag(name: str, **values: Fact) -> Push:
    """Return a push of a tag, which has no files."""
    return push(f"refs/tags/{name}", **{"changed_files": ChangedFiles(), **values})


def pull(base: str = "main", *, fork: bool = False, **values: Fact) -> PullRequest:
    """Return a pull request into a branch."""
    given = replace(PULL_REQUEST, base=replace(PULL_REQUEST.base, ref=base))
    if fork:
        given = replace(given, head=replace(given.head, repo_id=RepoId("9"), repo_full_name="someone/launchpad"))
    return replace(given, **values)


DELETED: dict[str, Fact] = {
    "deleted": True,
    "after": NO_COMMIT,
    "changed_files": ChangedFiles(),
    "head_commit": None,
    "commits": (),
}
NEW_BRANCH: dict[str, Fact] = {"created": True, "before": NO_COMMIT, "changed_files": ChangedFiles(), "commits": ()}
FORCED: dict[str, Fact] = {"forced": True, "changed_files": ChangedFiles.of(["apps/b/x.py"], complete=False)}
TRUNCATED: dict[str, Fact] = {"changed_files": ChangedFiles.of(["apps/b/x.py"], complete=False)}
QUEUE = "gh-readonly-queue/main/pr-12-" + "a" * 40

ALL: PlainRules = {}
PUSHES: PlainRules = {"events": ["push"]}
PULLS: PlainRules = {"events": ["pull_request"]}
MAIN: PlainRules = {"branches": ["main"]}
RELEASES: PlainRules = {"branches": ["main", "release/*", "!release/*-wip"]}
ALL_BUT_TMP: PlainRules = {"branches": ["**", "!tmp/**", "tmp/keep"]}
NO_TAGS: PlainRules = {"tags": None}
VERSIONS: PlainRules = {"tags": ["v*", "!v*-rc*"]}
NO_BOTS: PlainRules = {"bots": "ignore"}
NO_DRAFTS: PlainRules = {"pull_requests": {"drafts": False}}
NO_FORKS: PlainRules = {"pull_requests": {"forks": "ignore"}}
INTO_MAIN: PlainRules = {"pull_requests": {"base_branches": ["main", "release/**"]}}
NO_MARKERS: PlainRules = {"skip_markers": False}
WEB: PlainRules = {"paths": ["apps/web/**", "packages/ui/**", "!**/*.md"]}
DOCS: PlainRules = {"paths": ["**/*.md", "!CHANGELOG.md"]}
ALL_PATHS: PlainRules = {"paths": ["**"]}

DELIVERED, UNKNOWN, EVENT, BRANCH, TAG, PATHS, DRAFT, FORK, IS_BOT, MARKER = (
    RuleReason.DELIVERED,
    RuleReason.PATHS_UNKNOWN,
    RuleReason.EVENT_NOT_SELECTED,
    RuleReason.BRANCH_NOT_MATCHED,
    RuleReason.TAG_NOT_MATCHED,
    RuleReason.PATHS_NOT_MATCHED,
    RuleReason.DRAFT,
    RuleReason.FORK,
    RuleReason.BOT,
    RuleReason.SKIP_MARKER,
)
Case = tuple[PlainRules, Push | PullRequest, RuleReason, str | None, str | None]

CASES: list[Case] = [
    # Default rules deliver everything but pushes with a skip marker.
    (ALL, push(), DELIVERED, None, None),
    (ALL, push("feature/a"), DELIVERED, None, None),
    (ALL, push("größe/🚀"), DELIVERED, None, None),
    (ALL, push(QUEUE), DELIVERED, None, None),
    (ALL, push("refs/notes/commits"), DELIVERED, None, None),
    (ALL, push(**FORCED), DELIVERED, None, None),
    (ALL, push(**NEW_BRANCH), DELIVERED, None, None),
    (ALL, push(**DELETED), DELIVERED, None, None),
    (ALL, push(sender=BOT), DELIVERED, None, None),
    (ALL, push(sender=None), DELIVERED, None, None),
    (ALL, tag("v1"), DELIVERED, None, None),
    (ALL, pull(), DELIVERED, None, None),
    (ALL, pull("develop"), DELIVERED, None, None),
    (ALL, pull(draft=True), DELIVERED, None, None),
    (ALL, pull(fork=True), DELIVERED, None, None),
    (ALL, pull(author=BOT), DELIVERED, None, None),
    # Events.
    (PUSHES, push(), DELIVERED, None, None),
    (PUSHES, tag("v1"), DELIVERED, None, None),
    (PUSHES, pull(), EVENT, None, "pull_request"),
    (PUSHES, pull(draft=True), EVENT, None, "pull_request"),
    (PULLS, pull(), DELIVERED, None, None),
    (PULLS, push(), EVENT, None, "push"),
    (PULLS, tag("v1"), EVENT, None, "push"),
    (PULLS, push("refs/notes/commits"), EVENT, None, "push"),
    # Branches.
    (MAIN, push(), DELIVERED, "main", "main"),
    (MAIN, push("Main"), BRANCH, None, "Main"),
    (MAIN, push("main2"), BRANCH, None, "main2"),
    (MAIN, push("feature/main"), BRANCH, None, "feature/main"),
    (MAIN, push("main", **DELETED), DELIVERED, "main", "main"),
    (MAIN, push("other", **DELETED), BRANCH, None, "other"),
    (MAIN, push("other", **NEW_BRANCH), BRANCH, None, "other"),
    (MAIN, push("other", **FORCED), BRANCH, None, "other"),
    (MAIN, tag("main"), DELIVERED, None, None),
    (MAIN, tag("v1"), DELIVERED, None, None),
    (MAIN, pull("develop"), DELIVERED, None, None),
    (RELEASES, push("main"), DELIVERED, "main", "main"),
    (RELEASES, push("release/1"), DELIVERED, "release/*", "release/1"),
    (RELEASES, push("release/1-wip"), BRANCH, "!release/*-wip", "release/1-wip"),
    (RELEASES, push("release/1/2"), BRANCH, None, "release/1/2"),
    (RELEASES, push("release"), BRANCH, None, "release"),
    (RELEASES, push("x/release/1"), BRANCH, None, "x/release/1"),
    (ALL_BUT_TMP, push("main"), DELIVERED, "**", "main"),
    (ALL_BUT_TMP, push("a/b/c"), DELIVERED, "**", "a/b/c"),
    (ALL_BUT_TMP, push("tmp/a"), BRANCH, "!tmp/**", "tmp/a"),
    (ALL_BUT_TMP, push("tmp/a/b"), BRANCH, "!tmp/**", "tmp/a/b"),
    (ALL_BUT_TMP, push("tmp/keep"), DELIVERED, "tmp/keep", "tmp/keep"),
    (ALL_BUT_TMP, push("tmp"), DELIVERED, "**", "tmp"),
    # Excluding first and including later selects again: order matters.
    ({"branches": ["!tmp/**", "**"]}, push("tmp/a"), DELIVERED, "**", "tmp/a"),
    ({"branches": ["feature/#*"]}, push("feature/#12"), DELIVERED, "feature/#*", "feature/#12"),
    ({"branches": ["v[0-9]+.x"]}, push("v12.x"), DELIVERED, "v[0-9]+.x", "v12.x"),
    ({"branches": ["v[0-9]+.x"]}, push("v.x"), BRANCH, None, "v.x"),
    ({"branches": ["colou?r"]}, push("color"), DELIVERED, "colou?r", "color"),
    ({"branches": ["colou?r"]}, push("colouur"), BRANCH, None, "colouur"),
    ({"branches": [r"\!important"]}, push("!important"), DELIVERED, r"\!important", "!important"),
    # A branch of the merge queue is an ordinary branch with its full name.
    (MAIN, push(QUEUE), BRANCH, None, QUEUE),
    ({"branches": ["main", "gh-readonly-queue/**"]}, push(QUEUE), DELIVERED, "gh-readonly-queue/**", QUEUE),
    ({"branches": ["**", "!gh-readonly-queue/**"]}, push(QUEUE), BRANCH, "!gh-readonly-queue/**", QUEUE),
    ({"branches": ["gh-readonly-queue/main/*"]}, push(QUEUE), DELIVERED, "gh-readonly-queue/main/*", QUEUE),
    # A ref that is neither a branch nor a tag is matched as a branch, by its full name.
    (MAIN, push("refs/notes/commits"), BRANCH, None, "refs/notes/commits"),
    ({"branches": ["refs/notes/*"]}, push("refs/notes/commits"), DELIVERED, "refs/notes/*", "refs/notes/commits"),
    ({"branches": ["refs/notes/*"]}, push("main"), BRANCH, None, "main"),
    (NO_TAGS, push("refs/notes/commits"), DELIVERED, None, None),
    ({"branches": ["**"]}, push("refs/pull/1/head"), DELIVERED, "**", "refs/pull/1/head"),
    # Tags.
    (NO_TAGS, tag("v1"), TAG, None, "v1"),
    (NO_TAGS, tag("v1", **DELETED), TAG, None, "v1"),
    (NO_TAGS, push(), DELIVERED, None, None),
    (NO_TAGS, pull(), DELIVERED, None, None),
    (VERSIONS, tag("v1.2"), DELIVERED, "v*", "v1.2"),
    (VERSIONS, tag("v1.2-rc1"), TAG, "!v*-rc*", "v1.2-rc1"),
    (VERSIONS, tag("nightly"), TAG, None, "nightly"),
    (VERSIONS, tag("v/1"), TAG, None, "v/1"),
    (VERSIONS, tag("v1", **DELETED), DELIVERED, "v*", "v1"),
    (VERSIONS, push("v1"), DELIVERED, None, None),
    ({"branches": ["main"], "tags": ["v*"]}, tag("v1"), DELIVERED, "v*", "v1"),
    ({"branches": ["main"], "tags": ["v*"]}, push("v1"), BRANCH, None, "v1"),
    # Paths.
    (WEB, push("main", "apps/web/a.ts"), DELIVERED, "apps/web/**", "apps/web/a.ts"),
    (WEB, push("main", "packages/ui/b/c.ts"), DELIVERED, "packages/ui/**", "packages/ui/b/c.ts"),
    (WEB, push("main", "apps/api/a.py"), PATHS, None, "apps/api/a.py"),
    (WEB, push("main", "apps/web/README.md"), PATHS, "!**/*.md", "apps/web/README.md"),
    (WEB, push("main", "apps/api/a.py", "apps/web/README.md"), PATHS, "!**/*.md", "apps/web/README.md"),
    (WEB, push("main", "apps/web/README.md", "apps/web/z.ts"), DELIVERED, "apps/web/**", "apps/web/z.ts"),
    (WEB, push("main", "apps/webpack/a.ts"), PATHS, None, "apps/webpack/a.ts"),
    (WEB, push("main", "apps/web"), PATHS, None, "apps/web"),
    (WEB, push("main", "README.md"), PATHS, "!**/*.md", "README.md"),
    (WEB, push(changed_files=ChangedFiles.of([], complete=True)), PATHS, None, None),
    (WEB, push(**FORCED), UNKNOWN, None, None),
    (WEB, push(**TRUNCATED), UNKNOWN, None, None),
    (WEB, push(**NEW_BRANCH), UNKNOWN, None, None),
    (
        WEB,
        push(changed_files=ChangedFiles.of(["apps/web/a.ts"], complete=False)),
        DELIVERED,
        "apps/web/**",
        "apps/web/a.ts",
    ),
    (WEB, push(**DELETED), DELIVERED, None, None),
    (WEB, tag("v1"), DELIVERED, None, None),
    (WEB, pull(), UNKNOWN, None, None),
    (WEB, push("refs/notes/commits", "0a/1b"), PATHS, None, "0a/1b"),
    (WEB, push(QUEUE, "apps/web/a.ts"), DELIVERED, "apps/web/**", "apps/web/a.ts"),
    (DOCS, push("main", "README.md"), DELIVERED, "**/*.md", "README.md"),
    (DOCS, push("main", "docs/a/b.md"), DELIVERED, "**/*.md", "docs/a/b.md"),
    (DOCS, push("main", "CHANGELOG.md"), PATHS, "!CHANGELOG.md", "CHANGELOG.md"),
    (DOCS, push("main", "docs/CHANGELOG.md"), DELIVERED, "**/*.md", "docs/CHANGELOG.md"),
    (DOCS, push("main", "src/a.py"), PATHS, None, "src/a.py"),
    (ALL_PATHS, push("main", "a"), DELIVERED, "**", "a"),
    (ALL_PATHS, push(**FORCED), DELIVERED, "**", "apps/b/x.py"),
    (ALL_PATHS, push(**NEW_BRANCH), UNKNOWN, None, None),
    ({"paths": []}, push("main", "a"), DELIVERED, None, None),
    ({"paths": []}, push(**NEW_BRANCH), DELIVERED, None, None),
    ({"paths": ["*.py"]}, push("main", "src/a.py"), PATHS, None, "src/a.py"),
    ({"paths": ["**.py"]}, push("main", "src/a.py"), DELIVERED, "**.py", "src/a.py"),
    ({"paths": ["a b/ü*"]}, push("main", "a b/über"), DELIVERED, "a b/ü*", "a b/über"),
    # Branch and path: both must select the push.
    ({**MAIN, **WEB}, push("main", "apps/web/a.ts"), DELIVERED, "apps/web/**", "apps/web/a.ts"),
    ({**MAIN, **WEB}, push("other", "apps/web/a.ts"), BRANCH, None, "other"),
    ({**MAIN, **WEB}, push("main", "apps/api/a.py"), PATHS, None, "apps/api/a.py"),
    ({**MAIN, **WEB}, push("other", **FORCED), BRANCH, None, "other"),
    ({**MAIN, **WEB}, push("main", **DELETED), DELIVERED, "main", "main"),
    # Pull requests.
    (INTO_MAIN, pull("main"), DELIVERED, "main", "main"),
    (INTO_MAIN, pull("release/1/2"), DELIVERED, "release/**", "release/1/2"),
    (INTO_MAIN, pull("develop"), BRANCH, None, "develop"),
    (INTO_MAIN, push("develop"), DELIVERED, None, None),
    (NO_DRAFTS, pull(), DELIVERED, None, None),
    (NO_DRAFTS, pull(draft=True), DRAFT, None, None),
    (NO_DRAFTS, pull(draft=True, action="closed"), DRAFT, None, None),
    (NO_DRAFTS, pull(action="ready_for_review"), DELIVERED, None, None),
    (NO_DRAFTS, push(), DELIVERED, None, None),
    (NO_FORKS, pull(), DELIVERED, None, None),
    (NO_FORKS, pull(fork=True), FORK, None, "someone/launchpad"),
    (NO_FORKS, pull(head=replace(PULL_REQUEST.head, repo_id=None, repo_full_name=None)), FORK, None, None),
    (NO_FORKS, push(), DELIVERED, None, None),
    ({"pull_requests": {"drafts": False, "forks": "ignore"}}, pull(fork=True, draft=True), DRAFT, None, None),
    # Bots.
    (NO_BOTS, push(), DELIVERED, None, None),
    (NO_BOTS, push(sender=BOT), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, push(sender=None), DELIVERED, None, None),
    (NO_BOTS, tag("v1", sender=BOT), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, pull(author=BOT), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, pull(author=BOT, sender=PRIYA), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, pull(sender=BOT, action="closed"), DELIVERED, None, None),
    (NO_BOTS, pull(author=None, sender=BOT), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, pull(author=None, sender=None), DELIVERED, None, None),
    # Skip markers.
    (ALL, push(message="Fix typo [skip ci]"), MARKER, None, "[skip ci]"),
    (ALL, push(message="Fix typo\n\nbody [ci skip]"), MARKER, None, "[ci skip]"),
    (ALL, push(message="[no ci] x"), MARKER, None, "[no ci]"),
    (ALL, push(message="x [skip crewkit]"), MARKER, None, "[skip crewkit]"),
    (ALL, push(message="x [Skip CI]"), MARKER, None, "[Skip CI]"),
    (ALL, push(message="skip ci"), DELIVERED, None, None),
    (ALL, push(message="[skip  ci]"), DELIVERED, None, None),
    (ALL, push(message="[skip cicada]"), DELIVERED, None, None),
    (ALL, tag("v1", message="x [skip ci]"), MARKER, None, "[skip ci]"),
    (ALL, push(head_commit=None, commits=(replace(COMMIT, message="[no ci]"),)), MARKER, None, "[no ci]"),
    (ALL, push(commits=(replace(COMMIT, message="[no ci]"),)), DELIVERED, None, None),
    (ALL, push(head_commit=None, commits=()), DELIVERED, None, None),
    (ALL, pull(title="x [skip ci]"), DELIVERED, None, None),
    (NO_MARKERS, push(message="x [skip ci]"), DELIVERED, None, None),
    ({**NO_MARKERS, **MAIN}, push("other", message="x [skip ci]"), BRANCH, None, "other"),
    # The first rule that rejects the event decides.
    ({**MAIN, **NO_BOTS}, push("other", sender=BOT), BRANCH, None, "other"),
    ({**WEB, **NO_BOTS}, push("main", "a", sender=BOT), IS_BOT, None, "dependabot[bot]"),
    (NO_BOTS, push(sender=BOT, message="[skip ci]"), IS_BOT, None, "dependabot[bot]"),
    (WEB, push("main", "a", message="[skip ci]"), MARKER, None, "[skip ci]"),
]


def test_table_is_large_enough() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize(("rules", "event", "reason", "pattern", "value"), CASES)
def test_decides_with_its_reason(
    rules: PlainRules, event: Push | PullRequest, reason: RuleReason, pattern: str | None, value: str | None
) -> None:
    assert evaluate_rules(read_rules(rules), event) == RuleDecision(reason, pattern, value)


def test_every_reason_is_in_the_table() -> None:
    assert {reason for _, _, reason, _, _ in CASES} == set(RuleReason)
