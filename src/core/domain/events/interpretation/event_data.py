"""The data of the domain events of pushes and pull requests, with the people of their commits."""

from collections.abc import Iterator

from core.domain.attribution.attribution import (
    UNKNOWN,
    Attribution,
    Match,
    Matching,
    Role,
    find_assignment,
    match_account,
    match_author,
)
from core.domain.attribution.authors import MAX_ADDRESS, normalize_address
from core.domain.identifiers import IntegrationId
from core.domain.provider_events import Author, BranchRef, Commit, ProviderUser, PullRequest, Push
from core.domain.refs import RefType, parse_ref
from core.domain.streams.domain_event import (
    MAX_CO_AUTHORS,
    MAX_COMMITS,
    MAX_LABELS,
    MAX_MESSAGE,
    MAX_NAME,
    MAX_PATH_CHARACTERS,
    MAX_PATHS,
    Person,
    ProviderAccount,
    PullRequestData,
    PullRequestSide,
    PushData,
    PushedCommit,
)


class People:
    """The people of one delivery. Each is matched once: a push names few people many times."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._entries: dict[int, tuple[Author, Match, Person]] = {}

    def match(self, author: Author) -> Match:
        """Return who an author is, without assignments: they are applied when attributions are read."""
        return self._find(author)[1]

    def person(self, author: Author) -> Person:
        """Return the domain event's data of an author."""
        return self._find(author)[2]

    def account(self, account: ProviderUser | None) -> ProviderAccount | None:
        """Return the domain event's data of an account."""
        if account is None:
            return None
        match = match_account(account, self._matching)
        user_id = match.user.external_id if match.user else None
        return ProviderAccount(account.id or "", account.login, account.kind, user_id, _method(match))

    def _find(self, author: Author) -> tuple[Author, Match, Person]:
        # By object id, because comparing authors costs more than matching them. The author is stored as well, so that
        # no other object can get its id.
        entry = self._entries.get(id(author))
        if entry is None:
            match = match_author(author, self._matching)
            person = _person(author, find_assignment(author, self._matching) or match)
            entry = self._entries[id(author)] = author, match, person
        return entry


def build_push_data(push: Push, people: People, full_name: str, *, is_production: bool) -> PushData:
    """Return the data of a push event, also for deleted branches, tags, forced and empty pushes."""
    ref_type, name = parse_ref(push.ref)
    commits, head = tuple(_commit(commit, people) for commit in push.commits[-MAX_COMMITS:]), push.head_commit
    is_last = bool(push.commits) and head is push.commits[-1]
    return PushData(
        repo_id=push.repository.repo_id,
        full_name=full_name,
        ref=push.ref,
        ref_type=ref_type.value,
        branch=name if ref_type is RefType.BRANCH else None,
        before=push.before,
        after=push.after,
        created=push.created,
        deleted=push.deleted,
        forced=push.forced,
        default_branch=push.repository.default_branch,
        compare_url=push.compare_url,
        pusher=people.person(push.pusher) if push.pusher else None,
        sender=people.account(push.sender),
        commits=commits,
        commits_truncated=push.commits_total > MAX_COMMITS,
        changed_files=push.changed_files.shorten(max_paths=MAX_PATHS, max_characters=MAX_PATH_CHARACTERS),
        head_commit=commits[-1] if is_last else _commit(head, people) if head else None,
        is_merge_queue=push.is_merge_queue,
        is_production_branch=is_production,
    )


def build_pull_request_data(
    pull: PullRequest, people: People, full_name: str, *, is_production: bool
) -> PullRequestData:
    """Return the data of a pull request event."""
    return PullRequestData(
        repo_id=pull.repository.repo_id,
        full_name=full_name,
        action=pull.action,
        number=pull.number,
        title=pull.title,
        state=pull.state,
        draft=pull.draft,
        merged=pull.merged,
        url=pull.url,
        head=_side(pull.head),
        base=_side(pull.base),
        from_fork=pull.is_from_fork,
        author=people.account(pull.author),
        merged_by=people.account(pull.merged_by),
        merge_commit_sha=pull.merge_commit_sha,
        sender=people.account(pull.sender),
        changes=pull.changes,
        labels=tuple(label[:MAX_NAME] for label in pull.labels[:MAX_LABELS]),
        is_production_branch=is_production,
    )


def build_attributions(push: Push, integration_id: IntegrationId, people: People) -> tuple[Attribution, ...]:
    """Return the attributions of all commits of a push, without a limit."""
    return tuple(
        Attribution(
            integration_id,
            push.repository.repo_id,
            commit.sha,
            role,
            normalize_address(author.email),
            author,
            people.match(author),
            commit.timestamp,
        )
        for commit in push.authored_commits
        for role, author in _list_authors(commit)
    )


def _list_authors(commit: Commit) -> Iterator[tuple[Role, Author]]:
    yield Role.AUTHOR, commit.author
    if committer := _committer(commit):
        yield Role.COMMITTER, committer
    for author in commit.co_authors[:MAX_CO_AUTHORS]:
        yield Role.CO_AUTHOR, author


def _committer(commit: Commit) -> Author | None:
    """Return the committer if they are not the author."""
    author, committer = commit.author, commit.committer
    if committer is None or committer is author:
        return None
    if author.email or committer.email:
        same = normalize_address(author.email) == normalize_address(committer.email)
    else:
        same = author.name == committer.name
    return None if same else committer


def _commit(commit: Commit, people: People) -> PushedCommit:
    committer = _committer(commit)
    return PushedCommit(
        sha=commit.sha,
        message=commit.message[:MAX_MESSAGE],
        timestamp=commit.timestamp,
        url=commit.url,
        author=people.person(commit.author),
        co_authors=tuple(people.person(author) for author in commit.co_authors[:MAX_CO_AUTHORS]),
        committer=people.person(committer) if committer else None,
        distinct=commit.distinct,
    )


def _person(author: Author, match: Match) -> Person:
    # A truncated address would be another address.
    email = author.email if author.email and len(author.email) <= MAX_ADDRESS else None
    user_id = match.user.external_id if match.user else None
    return Person(author.name[:MAX_NAME], email, author.username, user_id, _method(match))


def _method(match: Match) -> str | None:
    return None if match is UNKNOWN else match.method.value


def _side(side: BranchRef) -> PullRequestSide:
    return PullRequestSide(side.ref, side.sha, side.repo_id, side.repo_full_name)
