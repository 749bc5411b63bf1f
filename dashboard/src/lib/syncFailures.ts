const WORDS = new Map(
  Object.entries({
    provider_unavailable: "GitHub isn’t responding. We’ll keep trying.",
    provider_rate_limited: "GitHub is rate limiting crewkit. The list updates when the limit ends.",
    provider_permission_missing:
      "The app lacks a permission to read the list. A GitHub owner has to accept its permissions.",
    provider_credential_refused: "GitHub rejected crewkit’s access. Reconnect GitHub to fix it.",
    provider_app_refused:
      "GitHub rejected the crewkit app itself. Ask whoever operates crewkit to check its credentials.",
    installation_suspended: "The app is suspended on GitHub. Resume it there to update the list.",
    installation_gone: "The app isn’t installed on GitHub any more. Reconnect GitHub to update the list.",
    listing_incomplete:
      "Repositories changed while the list was loading, so some may be missing. We’ll load it again.",
  }),
);

/** Return what happened to a sync that failed with this code, and what helps. */
export function syncFailureInWords(code: string | null): string {
  return (
    WORDS.get(code ?? "") ?? "The list of repositories couldn’t be loaded. We’ll try again automatically."
  );
}
