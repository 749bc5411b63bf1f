import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { PROVIDER } from "@/hooks/useIntegration";
import { answerOf, api } from "@/lib/api/client";
import type { CatalogSync } from "@/lib/api/types";

const SYNCING_POLL_MS = 1000;
// A sync that began after the answer, by a webhook, is not told in it.
const POLL_MS = 10_000;

function isBeingRead(sync: CatalogSync | undefined): boolean {
  return sync?.state === "requested" || sync?.state === "running";
}

/** The repositories the integration may see, searched by the service; what was found stays until more is. */
export function useRepositories(orgId: string, text: string) {
  return useInfiniteQuery({
    queryKey: ["repositories", orgId, text],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/repos", {
          params: {
            path: { org_id: orgId, provider: PROVIDER },
            query: { ...(text && { q: text }), ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    // While the catalog is being read, what was not there a moment ago may be now.
    refetchInterval: ({ state }) => (isBeingRead(state.data?.pages[0]?.sync) ? SYNCING_POLL_MS : POLL_MS),
  });
}
