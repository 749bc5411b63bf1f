import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";

// In the words of Chromium, Firefox and Safari.
const MISSING_PART = /dynamically imported module|importing a module script/i;

/** What stands in a page's place when it cannot be shown. */
export function RouteError({ error }: ErrorComponentProps) {
  const router = useRouter();
  // A browser that could not load a part of the page does not try again by itself, so the page has to begin anew.
  const isMissingPart = error instanceof Error && MISSING_PART.test(error.message);
  return (
    <div className="mx-auto max-w-xl p-8">
      <ProblemAlert
        error={error instanceof Error ? error : new Error(String(error))}
        {...(isMissingPart && { words: "A part of this page could not be loaded. Check your connection." })}
        onRetry={() => (isMissingPart ? window.location.reload() : router.invalidate())}
      />
    </div>
  );
}
