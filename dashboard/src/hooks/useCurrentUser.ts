import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api/client";
import type { CurrentUser } from "@/lib/api/types";

export const currentUserQuery = queryOptions({
  queryKey: ["user"],
  queryFn: ({ signal }) => answerOf(api.GET("/api/v1/user", { signal })),
  staleTime: 60_000,
});

/** Who is signed in, with their organizations and roles. */
export function useCurrentUser(): CurrentUser {
  return useSuspenseQuery(currentUserQuery).data;
}
