import { integrationStatus } from "@/features/integrations/integrationStatus";
import type { Obstacle, Remedy } from "@/features/remedies/remedy";
import type { Integration, OrganizationOfUser, Repository } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

const VIEW_INTEGRATION: Remedy = { kind: "view_integration", label: "View integration" };

/** Return the first reason why a repository can’t be linked, or null. Only explains: the service decides. */
export function obstacleOf(
  organization: OrganizationOfUser,
  integration: Integration,
  repository: Repository,
): Obstacle | null {
  const denial = denialReason("link", organization);
  if (denial) return { message: denial, remedies: [] };
  if (integration.status === "suspended") {
    const { message } = integrationStatus(integration, organization);
    return {
      message: `${message} Repositories can’t be linked while crewkit has no access.`,
      remedies: [VIEW_INTEGRATION],
    };
  }
  if (integration.status !== "active")
    return { message: "GitHub isn’t connected. Connect it to link repositories.", remedies: [VIEW_INTEGRATION] };
  if (repository.archived)
    return {
      message: `${repository.full_name} is archived. Unarchive it on GitHub to continue.`,
      remedies: repository.url ? [{ kind: "open_page", label: "Open on GitHub", url: repository.url }] : [],
    };
  return null;
}
