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
  install: "connect GitHub",
  disconnect: "disconnect GitHub",
  payloads: "view payloads",
  retry: "retry events",
  audit: "view the audit log",
  link: "link repositories",
  import: "import repositories",
  sync: "refresh the repository list",
};

/** Return why a role can’t do something, or null if it can. Only explains: the service decides. */
export function refusal(deed: Deed, role: Role): string | null {
  const allowed = ALLOWED[deed];
  if (allowed.includes(role)) return null;
  const who = allowed === ADMINS ? "owners and admins" : "owners, admins and members";
  return `Only ${who} can ${WORDS[deed]}. Your role is ${role}.`;
}
