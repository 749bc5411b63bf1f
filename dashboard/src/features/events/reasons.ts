const TEXTS = new Map(
  Object.entries({
    account_renamed: "Account renamed",
    action_not_handled: "crewkit doesn’t use this action",
    added: "Repository added",
    already_bound: "Already connected",
    bot: "Ignored: by a bot",
    bound_to_pending_request: "Connected after approval",
    branch_not_matched: "Ignored: branch not selected",
    connection_unknown: "No user has connected this GitHub account",
    deletion_to_confirm: "Checking with GitHub whether the app was uninstalled",
    delivered: "Delivered",
    draft: "Ignored: draft pull request",
    event_name_mismatch: "The payload doesn’t match the event type in the header",
    event_not_handled: "crewkit doesn’t use this event type",
    event_not_selected: "Ignored: event type not selected",
    fork: "Ignored: from a fork",
    integration_revoked: "GitHub is disconnected",
    not_delivered: "Ignored by all projects",
    no_installation: "The payload doesn’t name an installation",
    nothing_changed: "Nothing changed",
    older_than_state: "Out of date: crewkit already has newer data",
    organization_already_connected: "The organization is already connected",
    paths_not_matched: "Ignored: no selected files changed",
    paths_unknown: "Delivered: changed files not known",
    ping: "Test event from GitHub",
    // language: allow "asked" - a reason code of the API
    provider_asked: "Checking with GitHub whether access was revoked",
    removed: "Repository removed",
    repository_not_linked: "No project is linked to this repository",
    reread_requested: "Repository list refresh requested",
    revoked: "Access revoked",
    skip_marker: "Ignored: skip marker in the commit message",
    tag_not_matched: "Ignored: tag not selected",
    webhooks_disabled: "Events are paused",
  }),
);

/** The reason of a result in words, and its code if that is not part of the words. */
export interface Reason {
  text: string;
  code: string | null;
}

/** Return a reason in words. A failure has its code in front of its message: "envelope_unreadable: …". */
export function reasonInWords(reason: string): Reason {
  const text = TEXTS.get(reason);
  if (text) return { text, code: reason };
  const [, code, message] = /^([a-z][a-z_]*): (.+)$/s.exec(reason) ?? [];
  return code && message ? { text: message, code } : { text: toLabel(reason), code: null };
}

/** Return a code as a label: "pull_request" is "Pull request". */
export function toLabel(code: string): string {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return the type of an event, with its action if it has one: "Pull request · opened". */
export function typeInWords({ event, action }: { event: string; action: string | null }): string {
  return action ? `${toLabel(event)} · ${action.replaceAll("_", " ")}` : toLabel(event);
}
