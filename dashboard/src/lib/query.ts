import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "@/lib/api/problem";
import { leftToSignIn } from "@/lib/signIn";

const MOST_TRIES = 2;

/** What was refused is refused again; only what may pass by itself is asked for again. */
function isWorthRetrying(failures: number, error: Error): boolean {
  if (error instanceof ApiProblem && error.status < 500) return false;
  return failures < MOST_TRIES;
}

export const queryClient = new QueryClient({
  // A session may end while a page is open.
  queryCache: new QueryCache({ onError: leftToSignIn }),
  mutationCache: new MutationCache({ onError: leftToSignIn }),
  defaultOptions: {
    // Without a network a query fails and says so, rather than to wait in silence until there is one.
    queries: { retry: isWorthRetrying, staleTime: 10_000, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
