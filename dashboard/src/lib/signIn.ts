import { ApiProblem } from "@/lib/api/problem";

let isLeaving = false;

/** Tell whether an error says that nobody is signed in, and if so lead to where one does, and back here. */
export function leftToSignIn(error: Error): boolean {
  if (!(error instanceof ApiProblem) || error.status !== 401) return false;
  if (!isLeaving) {
    isLeaving = true;
    const here = window.location.pathname + window.location.search;
    window.location.assign(`/kit/sign-in?return_to=${encodeURIComponent(here)}`);
  }
  return true;
}
