/** The errors that a connect flow can end with, by the code in the address it returns to. */
const MESSAGES = new Map(
  Object.entries({
    installation_bound_elsewhere:
      "That GitHub account is connected to another organization in crewkit. Disconnect it there first, or choose another account.",
    installation_not_proven:
      "crewkit couldn’t verify that you manage that GitHub account. Ask an owner of the account, or an admin of all repositories that the app can access there, to connect it.",
    installation_not_visible:
      "The GitHub user you signed in with has no access to the app on that GitHub account. Sign in to GitHub as a user who has access.",
    installation_suspended: "The app is suspended on that GitHub account. Unsuspend it on GitHub, then connect again.",
    installation_gone: "The app is no longer installed on that GitHub account. Install it again.",
    organization_already_connected: "This organization is connected to another GitHub account. Disconnect it first.",
    authorization_denied: "The app wasn’t authorized on GitHub. Nothing was changed. To connect, start again.",
    flow_expired: "Connecting took too long. Nothing was changed. Connect again.",
    flow_used: "This connection attempt was already finished. If GitHub isn’t connected, connect again.",
    flow_invalid:
      "This connection attempt is no longer valid, or was started in another browser or by another user. Connect again.",
    provider_unavailable: "GitHub isn’t responding. Try again in a moment.",
    provider_rate_limited: "GitHub is rate limiting crewkit. Try again later.",
    provider_answer_unreadable:
      "GitHub returned an unexpected response. Try again later. If this continues, contact your crewkit operator.",
    provider_account_suspended: "GitHub suspended that account. Contact GitHub Support.",
    provider_repository_blocked:
      "GitHub blocks access to one of the account’s repositories. Open the account’s repositories on GitHub: the page of the blocked one shows the reason. Then connect again.",
    provider_login_blocked: "GitHub is temporarily rejecting crewkit’s requests. Try again later.",
    provider_email_unverified: "Verify an email address on GitHub, then try again.",
    provider_sso_required:
      "The GitHub organization requires SAML single sign-on. Sign in to that organization on GitHub, then connect again.",
    provider_ip_not_allowed:
      "The GitHub organization’s IP allow list blocks crewkit. Ask an owner of that organization to add crewkit’s IP addresses.",
    provider_account_taken:
      "That GitHub account is connected to another crewkit user. Use another GitHub account, or ask that user to disconnect it.",
    other_account_connected: "You already connected another GitHub account. Disconnect it first.",
    email_permission_missing:
      "The app isn’t permitted to read your verified emails on GitHub. Ask your crewkit operator to grant this permission, then connect again.",
    approval_request_not_found:
      "The GitHub user you signed in with has no open request for an owner’s approval. Request the app again, signed in to GitHub as that user.",
  }),
);

/** Return why a connect flow failed, and what to do. */
export function connectErrorInWords(code: string, account?: string): string {
  const message = MESSAGES.get(code) ?? "GitHub wasn’t connected. Nothing was changed. Try again.";
  return account ? message.replace(/([Tt])hat GitHub account/, `$1he GitHub account ${account}`) : message;
}
