"""What a webhook event says, as messages."""

from collections.abc import Mapping

from core.domain.events.summary import EventKind, EventSummary
from core.domain.provider import AccountUrls
from core.domain.refs import RefType
from crewkit.git.v1 import event_summaries_pb2 as wire

KINDS: Mapping[EventKind, "wire.EventKind.ValueType"] = {
    EventKind.PUSH: wire.EVENT_KIND_PUSH,
    EventKind.PULL_REQUEST: wire.EVENT_KIND_PULL_REQUEST,
    EventKind.INSTALLATION: wire.EVENT_KIND_INSTALLATION,
    EventKind.REPOSITORIES: wire.EVENT_KIND_REPOSITORIES,
    EventKind.REPOSITORY: wire.EVENT_KIND_REPOSITORY,
    EventKind.ACCOUNT: wire.EVENT_KIND_ACCOUNT,
    EventKind.AUTHORIZATION: wire.EVENT_KIND_AUTHORIZATION,
    EventKind.OTHER: wire.EVENT_KIND_OTHER,
}
REF_TYPES: Mapping[RefType, "wire.RefType.ValueType"] = {
    RefType.BRANCH: wire.REF_TYPE_BRANCH,
    RefType.TAG: wire.REF_TYPE_TAG,
    RefType.OTHER: wire.REF_TYPE_OTHER,
}


def event_summary(summary: EventSummary | None, urls: AccountUrls | None) -> wire.EventSummary | None:
    """Convert a summary to its message; `urls` are those of its actor."""
    if summary is None:
        return None
    pull, actor, repository = summary.pull_request, summary.actor, summary.repository
    return wire.EventSummary(
        kind=KINDS[summary.kind],
        headline=summary.headline,
        ref_type=REF_TYPES[summary.ref_type] if summary.ref_type else wire.REF_TYPE_UNSPECIFIED,
        branch=summary.ref if summary.ref_type is RefType.BRANCH else None,
        tag=summary.ref if summary.ref_type is RefType.TAG else None,
        sha=summary.sha,
        commits=summary.commits,
        forced=summary.forced,
        created=summary.created,
        deleted=summary.deleted,
        url=summary.url,
        compare_url=summary.compare_url,
        pull_request=wire.EventPullRequest(
            number=pull.number,
            title=pull.title,
            action=pull.action,
            draft=pull.draft,
            merged=pull.merged,
            head=pull.head,
            base=pull.base,
        )
        if pull
        else None,
        actor=wire.EventActor(
            id=actor.id, login=actor.login, avatar_url=urls.avatar if urls else None, url=urls.profile if urls else None
        )
        if actor
        else None,
        repository=wire.EventRepository(id=repository.id, full_name=repository.full_name, url=repository.url)
        if repository
        else None,
    )
