import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";

/** What stands in a page's place when it cannot be shown. */
export function RouteError({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div className="mx-auto max-w-xl p-8">
      <ProblemAlert
        error={error instanceof Error ? error : new Error(String(error))}
        onRetry={() => router.invalidate()}
      />
    </div>
  );
}
