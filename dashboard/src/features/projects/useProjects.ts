import { useQuery } from "@tanstack/react-query";
import { api, fetchBody } from "@/lib/api/client";
import type { Project } from "@/lib/api/types";

const MOST = 100;
const FRESH_MS = 30_000;

export interface Projects {
  /** The first 100, by name. */
  projects: readonly Project[];
  /** Whether there are more. */
  areMore: boolean;
}

/** The linked projects of the organization, for names and filters on other pages. */
export function useLinkedProjects(orgId: string) {
  return useQuery({
    queryKey: ["projects", orgId, "linked", MOST],
    staleTime: FRESH_MS,
    queryFn: async ({ signal }): Promise<Projects> => {
      const { data, next_cursor } = await fetchBody(
        api.GET("/api/v1/{org_id}/projects", {
          params: { path: { org_id: orgId }, query: { linked: true, limit: MOST } },
          signal,
        }),
      );
      return { projects: data, areMore: next_cursor !== null };
    },
  });
}
