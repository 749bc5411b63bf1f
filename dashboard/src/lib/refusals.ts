/** What a flow in the browser was refused for, as the address it came back to tells. */
const WORDS = new Map(
  Object.entries({
    installation_bound_elsewhere:
      "That GitHub account is connected to another organization in crewkit. Disconnect it there first, or choose another account.",
    installation_not_proven:
      "Nothing showed that you may connect that installation. Ask an owner of the GitHub account to connect it.",
    installation_not_visible:
      "Your account at GitHub does not see that installation. Sign in there with one that does.",
    authorization_denied: "You did not let crewkit act for you at GitHub, so nothing was changed.",
    provider_account_taken: "That GitHub account belongs to another user of crewkit.",
    other_account_connected: "You are connected with another GitHub account. Disconnect that one first.",
  }),
);
const OF_ONESELF = new Set(["provider_account_taken", "other_account_connected", "email_permission_missing"]);

/** Say why nothing came of it, and what to do. */
export function refusedInWords(code: string): string {
  return (
    WORDS.get(code) ??
    "GitHub and crewkit did not agree on what you began, so nothing was changed. Try again."
  );
}

/** Tell whether it was about one's own account rather than the organization's. */
export function isOfOneself(code: string): boolean {
  return OF_ONESELF.has(code);
}
