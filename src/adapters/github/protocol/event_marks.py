"""Detect by its fields that a body belongs to another event than the header names.

The signature does not cover the event name, so a recorded body can be sent again under another name. A body
with fields of another event, or without the fields of its event, changes nothing. https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from collections.abc import Collection, Mapping
from typing import cast

import msgspec

from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import ABSENT, Id, TolerantDecoder

# The top-level fields that differ between events. Not included, because any event can have them:
# action, changes, enterprise, installation, organization, repository, sender.
_SUBJECT_NAMES = """
    account after alert answer approver assignee base_ref before blocked_user branch branches build
    cache_location check_run check_suite client_payload comment commit commit_oid commits compare
    content_reference custom_property_values definition deployment deployment_status discussion
    effective_date environment forced forkee head_commit hook hook_id inputs invitation issue
    issue_dependency_id key label location marketplace_purchase master_branch member membership
    merge_group milestone new_property_values number old_answer package pages parent_issue
    personal_access_token_request project project_card project_column projects_v2 projects_v2_item
    projects_v2_status_update pull_request pusher pusher_type ref ref_type registry_package release
    repositories repositories_added repositories_removed repository_advisory repository_ruleset
    requested_action requested_reviewer requested_team requester review rule scope security_advisory
    sha since sponsorship starred_at status sub_issue sub_issue_id target_type target_url team
    thread user workflow workflow_job workflow_job_run workflow_job_runs workflow_run zen
"""
_SUBJECTS = frozenset(_SUBJECT_NAMES.split())

_OWN_SUBJECTS: Mapping[str, str] = {
    "push": "ref before after forced base_ref compare commits head_commit pusher",
    "pull_request": "pull_request number before after label assignee milestone requested_reviewer requested_team",
    "installation": "repositories requester",
    "installation_repositories": "repositories_added repositories_removed requester",
    "installation_target": "account target_type",
    "repository": "",
    "public": "",
    "github_app_authorization": "",
}

# Fields that most events have and this event never has.
_NEVER: Mapping[str, Collection[str]] = {
    "push": ["action"],
    "public": ["action", "changes"],
    "installation": ["repository"],
    "installation_repositories": ["repository"],
    "installation_target": ["repository"],
    "github_app_authorization": ["repository", "installation", "organization"],
}

# At least one of these fields is present. A body with one of them that lacks another is unreadable.
_NEEDS_ONE: Mapping[str, list[str]] = {
    "push": ["ref", "before", "after"],
    "pull_request": ["pull_request", "number"],
    "installation_repositories": ["repositories_added", "repositories_removed"],
    "installation_target": ["account", "target_type"],
    "repository": ["repository"],
    "public": ["repository"],
}
# Without an action, the body of a `repository` event looks like that of `public`.
_NEEDS_ACTION = frozenset({"repository"})
_WITH_WHOLE_INSTALLATION = frozenset({"installation", "installation_repositories"})


class _Installation(msgspec.Struct):
    """Events about the installation itself contain more of it than its id."""

    id: Id
    account: msgspec.Raw = ABSENT
    repository_selection: msgspec.Raw = ABSENT
    permissions: msgspec.Raw = ABSENT
    app_id: msgspec.Raw = ABSENT
    access_tokens_url: msgspec.Raw = ABSENT

    @property
    def is_whole(self) -> bool:
        """Whether the payload has more of the installation than its id."""
        return msgspec.structs.astuple(self)[1:] != (ABSENT,) * 5


class Envelope(msgspec.Struct):
    """The fields that decide how a stored payload is read."""

    action: str | None = None
    installation: _Installation | None = None


class EnvelopeReader:
    """Reads the envelopes of one event type, and recognizes a body of another event by its fields."""

    def __init__(self, event_type: str) -> None:
        never = frozenset(_NEVER.get(event_type, ()))
        self._has_action = "action" not in never
        self._has_installation = "installation" not in never
        self._needs_action = event_type in _NEEDS_ACTION
        self._needs_whole_installation = event_type in _WITH_WHOLE_INSTALLATION
        own, foreign = _OWN_SUBJECTS.get(event_type), list[str]()
        if own is not None:
            foreign = sorted((_SUBJECTS - frozenset(own.split())) | (never - {"action", "installation"}))
        needed = _NEEDS_ONE.get(event_type, [])
        # One pass over the text finds the envelope and all marks. Every absent mark is the same object.
        marks = [(name, msgspec.Raw, ABSENT) for name in (*needed, *foreign)]
        shape = msgspec.defstruct(f"{event_type}_envelope", marks, bases=(Envelope,))
        self._decoder = TolerantDecoder(cast("type[Envelope]", shape))
        self._needed = slice(2, 2 + len(needed))
        self._no_needed = (ABSENT,) * len(needed)
        self._foreign = slice(2 + len(needed), None)
        self._no_foreign = (ABSENT,) * len(foreign)

    def read(self, text: bytes, skipped: SkippedFields) -> Envelope:
        """Return the envelope of a payload; raises what `TolerantDecoder.decode` raises."""
        return self._decoder.decode(text, skipped)

    def is_of_another_event(self, envelope: Envelope, skipped: SkippedFields) -> bool:
        """Return whether a payload has fields of another event, or lacks the fields of this one.

        `skipped` has the fields that were left out of the envelope because of their type.
        """
        values, installation = msgspec.structs.astuple(envelope), envelope.installation
        if values[self._foreign] != self._no_foreign:
            return True
        if self._no_needed and values[self._needed] == self._no_needed:
            return True
        if envelope.action is not None and not self._has_action:
            return True
        if envelope.action is None and self._needs_action and "action" not in skipped.reasons:
            return True
        if installation is None:
            return False
        return not self._has_installation or (self._needs_whole_installation and not installation.is_whole)


ENVELOPE_READERS: Mapping[str, EnvelopeReader] = {
    event_type: EnvelopeReader(event_type) for event_type in _OWN_SUBJECTS
}
"""The readers of the events that the service processes."""

DEFAULT_READER = EnvelopeReader("")
"""The reader of all other events, which change nothing."""
