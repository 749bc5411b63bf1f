import type { OrganizationOfUser } from "@/lib/api/types";

/** The actions of the dashboard that the service allows or denies by role. */
export type Permission = Extract<
  OrganizationOfUser["permissions"][number],
  "link" | "sync" | "install" | "disconnect" | "read_payload" | "retry" | "audit"
>;

const LABELS: Record<Permission, string> = {
  link: "link or import repositories",
  sync: "refresh the repository list",
  install: "connect GitHub",
  disconnect: "disconnect GitHub",
  read_payload: "view payloads",
  retry: "retry events",
  audit: "view the audit log",
};

/** Return why the user can’t do something in an organization, or null if they can. The service decides. */
export function denialReason(
  permission: Permission,
  { permissions, role }: Pick<OrganizationOfUser, "permissions" | "role">,
): string | null {
  if (permissions.includes(permission)) return null;
  return `Your role, ${role}, can’t ${LABELS[permission]}. Ask an owner or admin of the organization.`;
}
