import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, fetchBody } from "@/lib/api/client";

export const PROVIDER = "github";

// The service learns of a suspension on GitHub within seconds, so the page polls at a similar interval.
const POLL_MS = 3000;

export const integrationQuery = (orgId: string) =>
  queryOptions({
    queryKey: ["integration", orgId, PROVIDER],
    queryFn: ({ signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}", {
          params: { path: { org_id: orgId, provider: PROVIDER } },
          signal,
        }),
      ),
    refetchInterval: POLL_MS,
  });

/** The integration of the organization, polled while the page is open. */
export function useIntegration(orgId: string) {
  return useQuery(integrationQuery(orgId));
}
