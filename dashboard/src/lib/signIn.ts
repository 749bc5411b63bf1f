import { ApiProblem } from "@/lib/api/problem";

let isLeaving = false;

// After Back the browser may restore this page from its cache; the page is then no longer leaving.
if (typeof window !== "undefined")
  window.addEventListener("pageshow", () => {
    isLeaving = false;
  });

/** Return whether an error means that nobody is signed in. */
export function isSignedOut(error: Error): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

/** Return the address to sign in at, which leads back to the page that is open. */
export function signInAddress(): string {
  const here = window.location.pathname + window.location.search;
  return `/kit/sign-in?return_to=${encodeURIComponent(here)}`;
}

export function goToSignIn(): void {
  if (isLeaving) return;
  isLeaving = true;
  window.location.assign(signInAddress());
}
