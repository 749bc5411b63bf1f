const CODES = new Set(["provider_account_taken", "other_account_connected", "email_permission_missing"]);

/** Return whether an error of a connect flow is about the user’s own account, not about the organization. */
export function isAboutUser(code: string): boolean {
  return CODES.has(code);
}
