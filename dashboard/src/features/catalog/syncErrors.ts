const MESSAGES = new Map(
  Object.entries({
    provider_unavailable: "GitHub isn’t responding. We’ll keep trying.",
    provider_rate_limited: "GitHub is rate limiting crewkit. The list updates when the limit ends.",
    provider_permission_missing:
      "The app lacks a permission that it needs. Ask an owner of the GitHub account to accept the app’s permissions. If GitHub shows no permissions to accept, contact your crewkit operator.",
    provider_credential_refused:
      "GitHub rejected crewkit’s access. Check on GitHub whether the app is still installed. We’ll try again.",
    provider_app_refused: "GitHub rejected the app’s credentials. Ask your crewkit operator to check them.",
    installation_suspended: "The app is suspended on GitHub. Unsuspend it on GitHub to update the list.",
    installation_gone: "The app is no longer installed on GitHub. Reconnect GitHub to update the list.",
    listing_incomplete: "GitHub returned an incomplete list, so new repositories may be missing. We’ll try again.",
    provider_answer_unreadable: "GitHub returned an unexpected response. We’ll try again.",
    provider_sso_required:
      "The GitHub organization requires SAML single sign-on, so the list wasn’t updated. We’ll try again.",
    provider_ip_not_allowed:
      "The GitHub organization’s IP allow list blocks crewkit. Ask an owner of that organization to add crewkit’s IP addresses.",
    provider_account_suspended: "GitHub suspended the account. Contact GitHub Support.",
    provider_repository_blocked:
      "GitHub blocks access to one of the account’s repositories, so the list wasn’t updated. The page of that repository on GitHub shows the reason. We’ll try again.",
    provider_login_blocked: "GitHub is temporarily rejecting crewkit’s requests. We’ll try again.",
  }),
);

/** Return why a sync failed, by its error code, and what helps. */
export function syncErrorInWords(code: string | null): string {
  return MESSAGES.get(code ?? "") ?? "Repositories couldn’t be loaded. We’ll try again.";
}
