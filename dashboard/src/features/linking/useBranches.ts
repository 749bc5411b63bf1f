import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { api, fetchBody } from "@/lib/api/client";

/** The branches of a repository on GitHub, the default branch first. The service does the search. */
export function useBranches(orgId: string, repoId: string, text: string, isWanted: boolean) {
  return useInfiniteQuery({
    queryKey: ["branches", orgId, repoId, text],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/repos/{repo_id}/branches", {
          params: {
            path: { org_id: orgId, provider: PROVIDER, repo_id: repoId },
            query: { ...(text && { q: text }), ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    enabled: isWanted,
  });
}
