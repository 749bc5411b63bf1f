import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "@/lib/api/problem";
import { markSessionEnded } from "@/lib/session";
import { goToSignIn, isSignedOut } from "@/lib/signIn";

const MOST_TRIES = 2;

/** Retry server errors and network errors only: a client error would be the same again. */
function isWorthRetrying(failures: number, error: Error): boolean {
  if (error instanceof ApiProblem && error.status < 500) return false;
  return failures < MOST_TRIES;
}

export const queryClient = new QueryClient({
  // A session may end while a page is open. A page without data redirects to sign-in. A page in use stays open
  // with its input and offers to sign in.
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (!isSignedOut(error)) return;
      if (query.state.data === undefined) goToSignIn();
      else markSessionEnded();
    },
  }),
  mutationCache: new MutationCache({
    onError: (error) => {
      if (isSignedOut(error)) markSessionEnded();
    },
  }),
  defaultOptions: {
    // Without a network, a query fails and shows an error instead of waiting silently.
    queries: { retry: isWorthRetrying, staleTime: 10_000, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
