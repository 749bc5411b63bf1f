import { keepPreviousData, queryOptions, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { PROVIDER } from "@/hooks/useIntegration";
import { answerOf, api } from "@/lib/api/client";
import type { CatalogSync, Repository, RepositoryList } from "@/lib/api/types";

const READING_POLL_MS = 1000;
const GONE_AFTER_MS = 60_000;

const keyOf = (orgId: string) => ["repositories", orgId] as const;

/** Whether the list is being read from the provider, or will be in a moment. */
export function isBeingRead(sync: CatalogSync | null | undefined): boolean {
  return sync?.state === "requested" || sync?.state === "running";
}

/**
 * The repositories the integration may see, searched by the service; what was found stays until more is.
 *
 * A search that is no longer wanted is given up: its request is aborted by its signal.
 */
export function useRepositories(orgId: string, text: string) {
  return useInfiniteQuery({
    queryKey: [...keyOf(orgId), text],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/repos", {
          params: {
            path: { org_id: orgId, provider: PROVIDER },
            query: { projects: true, ...(text && { q: text }), ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    gcTime: GONE_AFTER_MS,
    // While the list is read for the first time, what was not there a moment ago may be now.
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages;
      return pages?.length === 1 && isBeingRead(pages[0]?.sync) ? READING_POLL_MS : false;
    },
  });
}

/** Ask for the lists again whenever the catalog was read anew: `sync` is followed by whoever calls this. */
export function useFollowedCatalog(orgId: string, sync: CatalogSync | null | undefined): void {
  const client = useQueryClient();
  const state = sync?.state;
  const at = sync?.synced_at;
  useEffect(() => {
    if (state !== undefined || at !== undefined) client.invalidateQueries({ queryKey: keyOf(orgId) });
  }, [client, orgId, state, at]);
}

/** One repository; from a list that is there already until the service has answered. */
export function repositoryQuery(orgId: string, id: string, known: Repository | undefined) {
  return queryOptions({
    queryKey: ["repository", orgId, id],
    queryFn: async ({ signal }): Promise<Repository> =>
      answerOf(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/repos/{repo_id}", {
          params: { path: { org_id: orgId, provider: PROVIDER, repo_id: id } },
          signal,
        }),
      ),
    ...(known && { placeholderData: known }),
  });
}

/** Give what finds a repository among the lists that are there. */
export function useKnownRepository(orgId: string): (id: string) => Repository | undefined {
  const client = useQueryClient();
  return (id) => {
    for (const [, list] of client.getQueriesData<{ pages: RepositoryList[] }>({ queryKey: keyOf(orgId) })) {
      const found = list?.pages.flatMap((page) => page.data).find((one) => one.id === id);
      if (found) return found;
    }
    return undefined;
  };
}

export { keyOf as repositoriesKey };
