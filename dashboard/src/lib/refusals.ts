/** What a flow in the browser was refused for, as the address it came back to tells. */
const WORDS = new Map(
  Object.entries({
    installation_bound_elsewhere:
      "That GitHub account is connected to another organization in crewkit. Disconnect it there first, or choose another account.",
    installation_not_proven:
      "Only an owner of the GitHub account, or an admin of all its repositories, can connect it. Ask one of them.",
    installation_not_visible:
      "Your GitHub account doesn’t see that installation. Sign in to GitHub with an account that does.",
    installation_suspended: "The app is suspended on that GitHub account. Resume it there, then connect it.",
    installation_gone: "The app is no longer installed on that GitHub account. Install it again.",
    organization_already_connected:
      "This organization is connected to another GitHub account. Disconnect it first.",
    authorization_denied: "You didn’t authorize crewkit on GitHub, so nothing was changed.",
    flow_expired: "Connecting took longer than ten minutes, so nothing was changed. Start again.",
    flow_used: "That page was used already. Start again if you are not connected.",
    flow_invalid: "That page was out of date or belongs to another browser. Start again.",
    provider_unavailable: "GitHub isn’t responding. Try again in a moment.",
    provider_rate_limited: "GitHub is rate limiting crewkit. Try again later.",
    provider_answer_unreadable:
      "GitHub’s response could not be read. Try again later. If this continues, ask the people who operate crewkit.",
    provider_account_suspended: "GitHub suspended that account. Contact GitHub Support.",
    provider_repository_blocked:
      "GitHub blocks access to a repository. The repository’s page on GitHub shows the reason.",
    provider_login_blocked:
      "GitHub blocks sign-in after too many failed attempts. The block ends by itself. Try again later.",
    provider_email_unverified: "Verify an email address at GitHub, then try again.",
    provider_sso_required:
      "The GitHub organization requires SAML single sign-on. Sign in to it on GitHub, then connect again.",
    provider_ip_not_allowed:
      "The GitHub organization’s IP allow list blocks crewkit. Ask one of its owners to add crewkit’s addresses.",
    provider_account_taken: "That GitHub account belongs to another user of crewkit.",
    other_account_connected: "You are connected with another GitHub account. Disconnect that one first.",
  }),
);
const OF_ONESELF = new Set(["provider_account_taken", "other_account_connected", "email_permission_missing"]);

/** Say why nothing came of it, and what to do. */
export function refusedInWords(code: string, account?: string): string {
  const words = WORDS.get(code) ?? "GitHub wasn’t connected, and nothing was changed. Try again.";
  return account ? words.replace(/[Tt]hat GitHub account/, `The GitHub account ${account}`) : words;
}

/** Tell whether it was about one's own account rather than the organization's. */
export function isOfOneself(code: string): boolean {
  return OF_ONESELF.has(code);
}
