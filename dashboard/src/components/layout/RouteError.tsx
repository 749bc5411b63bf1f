import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";

// The messages of Chromium, Firefox and Safari.
const MISSING_CHUNK = /dynamically imported module|importing a module script/i;

/** Shown in place of a page that failed to render or load. */
export function RouteError({ error }: ErrorComponentProps) {
  const router = useRouter();
  // Browsers remember a failed import, so only a reload tries it again.
  const isChunkMissing = error instanceof Error && MISSING_CHUNK.test(error.message);
  return (
    <div className="mx-auto max-w-xl p-8">
      <ProblemAlert
        error={error instanceof Error ? error : new Error(String(error))}
        {...(isChunkMissing && {
          message: "Part of this page couldn’t be loaded. Check your connection, then try again.",
        })}
        onRetry={() => (isChunkMissing ? window.location.reload() : router.invalidate())}
      />
    </div>
  );
}
