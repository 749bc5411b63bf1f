"""Every table, with the trail it leaves or the reason why it leaves none."""

AUDITED = {
    "git_integrations": "integration",
    "project_repositories": "link",
    "user_git_connections": "connection",
    "git_author_assignments": "author_assignment",
}
"""Tables whose every change is a version, and what it calls their rows."""

_CREWKITS = "crewkit's own, changed by crewkit"
_MIRROR = "a mirror of the provider's data, which has its own log; relevant changes are domain events"
_LOG = "a log itself"
_BOOKKEEPING = "the service's own bookkeeping, in which nobody decides anything"

UNAUDITED = {
    "organizations": _CREWKITS,
    "users": _CREWKITS,
    "memberships": _CREWKITS,
    "projects": _CREWKITS,
    "git_repositories": _MIRROR,
    "user_git_emails": "the provider's word on a connection, replaced with it",
    "git_token_revocations": "work to be done, of connections whose end has its version",
    "git_commit_claims": "work to be done, made of connections and memberships",
    "git_member_claims": "work to be done, made of memberships",
    "git_commit_attributions": "derived from commits and connections, and derived again",
    "git_webhook_events": _LOG,
    "git_webhook_event_attempts": _LOG,
    "git_domain_events": _LOG,
    "git_token_leases": "the trail of tokens itself: who got which, why and until when",
    "versions": "the trail itself",
    "git_flows": "lives for minutes; what it leads to is a version of the integration or connection",
    "git_batch_starts": _BOOKKEEPING,
    "git_webhook_event_counts": _BOOKKEEPING,
    "git_webhook_event_days": _BOOKKEEPING,
    "git_faults": _BOOKKEEPING,
    "git_recoveries": _BOOKKEEPING,
    "git_installation_checks": _BOOKKEEPING,
    "git_retention": _BOOKKEEPING,
    "git_missing_deliveries": _BOOKKEEPING,
    "idempotency_keys": _BOOKKEEPING,
    "webhook_secret_uses": _BOOKKEEPING,
}
"""Tables without versions, each with the reason."""
