import { queryOptions, useQuery } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api/client";

export const PROVIDER = "github";

// A suspension on the provider's side is known here within seconds; the page should not be later by much.
const POLL_MS = 3000;

export const integrationQuery = (orgId: string) =>
  queryOptions({
    queryKey: ["integration", orgId, PROVIDER],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}", {
          params: { path: { org_id: orgId, provider: PROVIDER } },
          signal,
        }),
      ),
    refetchInterval: POLL_MS,
  });

/** How the organization stands with its provider, followed while the page is open. */
export function useIntegration(orgId: string) {
  return useQuery(integrationQuery(orgId));
}
