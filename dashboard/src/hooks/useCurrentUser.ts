import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api, fetchBody } from "@/lib/api/client";
import type { CurrentUser } from "@/lib/api/types";

export const currentUserQuery = queryOptions({
  queryKey: ["user"],
  queryFn: async ({ client, queryKey, signal }) => {
    const before = client.getQueryData<CurrentUser>(queryKey);
    const now = await fetchBody(api.GET("/api/v1/user", { signal }));
    // Another user signed in in another tab, so this page and its cache belong to the previous user.
    if (before && before.id !== now.id) window.location.assign("/kit");
    return now;
  },
  staleTime: 5_000,
  refetchOnWindowFocus: "always",
});

/** Who is signed in, with their organizations and roles. */
export function useCurrentUser(): CurrentUser {
  return useSuspenseQuery(currentUserQuery).data;
}
