import { useParams } from "@tanstack/react-router";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import type { OrganizationOfUser } from "@/lib/api/types";

/** The organization in the address, with the user’s role. The router has checked the membership. */
export function useOrganization(): OrganizationOfUser {
  const { orgId } = useParams({ from: "/kit/$orgId" });
  const organization = useCurrentUser().organizations.find(({ id }) => id === orgId);
  if (!organization) throw new Error("The user is not a member of this organization. Go to /kit.");
  return organization;
}
