const WORDS = new Map(
  Object.entries({
    provider_unavailable: "GitHub isn’t responding. We’ll keep trying.",
    provider_rate_limited: "GitHub is rate limiting crewkit. The list updates when the limit ends.",
    provider_permission_missing:
      "The app lacks a permission to read the list. A GitHub owner has to accept its permissions.",
    provider_credential_refused: "GitHub rejected crewkit’s access. Reconnect GitHub to fix it.",
    provider_app_refused:
      "GitHub rejected the crewkit app itself. Ask the people who operate crewkit to check its credentials.",
    installation_suspended: "The app is suspended on GitHub. Resume it there to update the list.",
    installation_gone: "The app isn’t installed on GitHub any more. Reconnect GitHub to update the list.",
    listing_incomplete:
      "GitHub’s list is incomplete, so some repositories may be missing. None was removed. We’ll load it again.",
    provider_answer_unreadable: "GitHub’s response couldn’t be read. We’ll try again automatically.",
    provider_sso_required:
      "The GitHub organization requires SAML single sign-on, so the list wasn’t updated.",
    provider_ip_not_allowed:
      "The organization’s IP allow list on GitHub blocks crewkit. A GitHub owner can add crewkit’s addresses.",
    provider_account_suspended: "GitHub suspended the account. Contact GitHub Support.",
    provider_repository_blocked: "GitHub blocks access to a repository, so the list wasn’t updated.",
    provider_login_blocked: "GitHub blocks sign-in for now. The block ends by itself, and we’ll try again.",
  }),
);

/** Return what happened to a sync that failed with this code, and what helps. */
export function syncFailureInWords(code: string | null): string {
  return (
    WORDS.get(code ?? "") ?? "The list of repositories couldn’t be loaded. We’ll try again automatically."
  );
}
