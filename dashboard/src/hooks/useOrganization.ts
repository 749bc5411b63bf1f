import { useParams } from "@tanstack/react-router";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import type { OrganizationOfUser } from "@/lib/api/types";

/** The organization the address names, with the user's role in it. The layout has made sure that it is theirs. */
export function useOrganization(): OrganizationOfUser {
  const { orgId } = useParams({ from: "/kit/$orgId" });
  const found = useCurrentUser().organizations.find((one) => one.id === orgId);
  if (!found) throw new Error("the layout shows no page of an organization that is not the user's");
  return found;
}
