"""Rules as messages: what a request contains, and what a response shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.rules.decision import RuleDecision, RuleReason
from core.domain.rules.rules import Handling, PullRequestRules, RuleEvent, Rules, read_rules, to_plain
from crewkit.git.v1 import rules_pb2 as wire
from entrypoints.edge.calls import QueryInvalid
from entrypoints.grpc_api import rules as messages

_PATTERNS = st.lists(st.text(max_size=5), max_size=3).map(tuple)
_RULES = st.builds(
    Rules,
    events=st.sampled_from([tuple(RuleEvent), (RuleEvent.PUSH,), (RuleEvent.PULL_REQUEST,)]),
    branches=_PATTERNS,
    tags=st.none() | _PATTERNS,
    paths=st.none() | _PATTERNS,
    pull_requests=st.builds(
        PullRequestRules, base_branches=_PATTERNS, drafts=st.booleans(), forks=st.sampled_from(Handling)
    ),
    bots=st.sampled_from(Handling),
    skip_markers=st.booleans(),
)


@given(rules=_RULES)
def test_a_response_can_be_sent_back(rules: Rules) -> None:
    """So a caller can read the rules, change one and write all."""
    sent = wire.LinkRules.FromString(messages.to_rules(rules).SerializeToString())
    assert messages.read_rules(sent, "rules") == to_plain(rules)
    assert read_rules(messages.read_rules(sent, "rules")) == rules


def test_rules_that_are_not_set_are_not_changed() -> None:
    assert messages.read_rules(wire.LinkRules(), "rules") == {}
    pulls = wire.LinkRules(pull_requests=wire.PullRequestRules(drafts=False))
    assert messages.read_rules(pulls, "rules") == {"pull_requests": {"drafts": False}}


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (wire.LinkRules(events=wire.RuleEvents(events=[wire.RULE_EVENT_UNSPECIFIED])), "rules.events.events[0]"),
        (wire.LinkRules(tags=wire.TagRule(ignore_all=True, patterns=["v*"])), "rules.tags.ignore_all"),
        (
            wire.LinkRules(paths=wire.PathRule(use_root_directory=True, patterns=["a"])),
            "rules.paths.use_root_directory",
        ),
        (wire.LinkRules.FromString(b"\x30\x07"), "rules.bots"),  # a value of a newer client
    ],
)
def test_names_the_invalid_field(rules: wire.LinkRules, field: str) -> None:
    with pytest.raises(QueryInvalid) as error:
        messages.read_rules(rules, "rules")
    assert [invalid.field for invalid in error.value.fields] == [field]


@pytest.mark.parametrize("reason", RuleReason)
def test_every_reason_has_its_value(reason: RuleReason) -> None:
    decision = RuleDecision(reason, "a/**", "a/b")
    message = messages.to_decision(decision)
    assert wire.RuleReason.Name(message.reason) == f"RULE_REASON_{reason.name}"
    assert (message.delivers, message.pattern, message.value) == (decision.delivers, "a/**", "a/b")
