import type { Role } from "@/lib/api/types";

export type Deed = "install" | "disconnect" | "link" | "import" | "sync" | "payloads" | "retry" | "audit";

const ADMINS: readonly Role[] = ["owner", "admin"];
const MEMBERS: readonly Role[] = [...ADMINS, "member"];

const ALLOWED: Record<Deed, readonly Role[]> = {
  install: ADMINS,
  disconnect: ADMINS,
  payloads: ADMINS,
  retry: ADMINS,
  audit: ADMINS,
  link: MEMBERS,
  import: MEMBERS,
  sync: MEMBERS,
};

const WORDS: Record<Deed, string> = {
  install: "connect a provider",
  disconnect: "disconnect a provider",
  payloads: "see payloads",
  retry: "retry events",
  audit: "see the audit trail",
  link: "link repositories",
  import: "import repositories",
  sync: "refresh the list",
};

/** Say why a role may not do something; null where it may. The service decides; this only explains. */
export function refusal(deed: Deed, role: Role): string | null {
  const allowed = ALLOWED[deed];
  if (allowed.includes(role)) return null;
  const who = allowed === ADMINS ? "an owner or admin" : "an owner, admin or member";
  return `Only ${who} of this organization may ${WORDS[deed]}; you are a ${role}.`;
}
