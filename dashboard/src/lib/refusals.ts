/** The errors that a connect flow can end with, by the code in the address it returns to. */
const WORDS = new Map(
  Object.entries({
    installation_bound_elsewhere:
      "That GitHub account is connected to another organization in crewkit. Disconnect it there first, or choose another account.",
    installation_not_proven:
      "Only an owner of that GitHub account, or an admin of all its repositories, can connect it. Ask one of them.",
    installation_not_visible:
      "Your GitHub account can’t see that installation. Sign in to GitHub with another account.",
    installation_suspended:
      "The app is suspended on that GitHub account. Resume it on GitHub, then connect again.",
    installation_gone: "The app is no longer installed on that GitHub account. Install it again.",
    organization_already_connected:
      "This organization is connected to another GitHub account. Disconnect it first.",
    authorization_denied: "You cancelled the authorization on GitHub. Nothing was changed.",
    flow_expired: "Connecting took longer than ten minutes. Nothing was changed. Try again.",
    flow_used: "That link was already used. If GitHub isn’t connected, try again.",
    flow_invalid: "That link has expired or belongs to another browser. Try again.",
    provider_unavailable: "GitHub isn’t responding. Try again in a moment.",
    provider_rate_limited: "GitHub is rate limiting crewkit. Try again later.",
    provider_answer_unreadable:
      "GitHub returned an unexpected response. Try again later. If this continues, contact your crewkit operator.",
    provider_account_suspended: "GitHub suspended that account. Contact GitHub Support.",
    provider_repository_blocked:
      "GitHub blocks access to a repository. See the repository’s page on GitHub for the reason.",
    provider_login_blocked:
      "GitHub temporarily blocks sign-in after too many failed attempts. Try again later.",
    provider_email_unverified: "Verify an email address on GitHub, then try again.",
    provider_sso_required:
      "The GitHub organization requires SAML single sign-on. Sign in to it on GitHub, then connect again.",
    provider_ip_not_allowed:
      "The GitHub organization’s IP allow list blocks crewkit. Ask one of its owners to add crewkit’s addresses.",
    provider_account_taken: "That GitHub account is connected to another crewkit user.",
    other_account_connected: "You already connected another GitHub account. Disconnect it first.",
  }),
);

/** Return why a connect flow failed, and what to do. */
export function refusedInWords(code: string, account?: string): string {
  const words = WORDS.get(code) ?? "GitHub wasn’t connected. Nothing was changed. Try again.";
  return account ? words.replace(/[Tt]hat GitHub account/, `The GitHub account ${account}`) : words;
}
