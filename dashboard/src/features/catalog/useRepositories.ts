import { keepPreviousData, queryOptions, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { api, fetchBody } from "@/lib/api/client";
import type { CatalogSync, Repository, RepositoryList } from "@/lib/api/types";

const READING_POLL_MS = 1000;
const GONE_AFTER_MS = 60_000;

const keyOf = (orgId: string) => ["repositories", orgId] as const;

/** Whether a sync of the list is running or requested. */
export function isSyncing(sync: CatalogSync | null | undefined): boolean {
  return sync?.state === "requested" || sync?.state === "running";
}

/**
 * The repositories that the integration can access. The service does the search.
 *
 * Previous results stay until the next ones arrive. An outdated search is aborted by its signal.
 */
export function useRepositories(orgId: string, text: string) {
  return useInfiniteQuery({
    queryKey: [...keyOf(orgId), text],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
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
    // During the first sync, new rows arrive between two requests.
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages;
      return pages?.length === 1 && isSyncing(pages[0]?.sync) ? READING_POLL_MS : false;
    },
  });
}

/** Load the lists again after each sync. The caller keeps `sync` up to date. */
export function useFollowedCatalog(orgId: string, sync: CatalogSync | null | undefined): void {
  const client = useQueryClient();
  const state = sync?.state;
  const at = sync?.synced_at;
  useEffect(() => {
    if (state !== undefined || at !== undefined) client.invalidateQueries({ queryKey: keyOf(orgId) });
  }, [client, orgId, state, at]);
}

/** One repository. Until the service responds, the row of a loaded list is used. */
export function repositoryQuery(orgId: string, id: string, known: Repository | undefined) {
  return queryOptions({
    queryKey: ["repository", orgId, id],
    queryFn: async ({ signal }): Promise<Repository> =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/repos/{repo_id}", {
          params: { path: { org_id: orgId, provider: PROVIDER, repo_id: id } },
          signal,
        }),
      ),
    ...(known && { placeholderData: known }),
  });
}

/** Return a function that finds a repository in the loaded lists. */
export function useKnownRepository(orgId: string): (id: string) => Repository | undefined {
  const client = useQueryClient();
  return (id) => {
    for (const [, list] of client.getQueriesData<{ pages: RepositoryList[] }>({ queryKey: keyOf(orgId) })) {
      const repository = list?.pages.flatMap((page) => page.data).find((repository) => repository.id === id);
      if (repository) return repository;
    }
    return undefined;
  };
}

export { keyOf as repositoriesKey };
