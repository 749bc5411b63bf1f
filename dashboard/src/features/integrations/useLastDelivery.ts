import { useQuery } from "@tanstack/react-query";
import { api, fetchBody } from "@/lib/api/client";

const POLL_MS = 15_000;

/** The latest webhook event of the organization, or null. */
export function useLastDelivery(orgId: string) {
  return useQuery({
    queryKey: ["events", orgId, "latest"],
    refetchInterval: POLL_MS,
    queryFn: async ({ signal }) => {
      const { data } = await fetchBody(
        api.GET("/api/v1/{org_id}/git-webhook-events", {
          params: { path: { org_id: orgId }, query: { limit: 1 } },
          signal,
        }),
      );
      return data[0] ?? null;
    },
  });
}
