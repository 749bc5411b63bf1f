import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { ApiProblem } from "@/lib/api/problem";

/** An error: what happened, what to do, and the code and request id for support. */
export function ProblemAlert({
  error,
  message = error.message,
  onRetry,
  children,
}: {
  error: Error;
  /** A text that replaces the error’s message. */
  message?: string;
  onRetry?: (() => void) | undefined;
  children?: ReactNode;
}) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div role="alert" className="rounded-lg border border-danger/40 bg-danger-soft p-4 text-sm">
      <div className="flex items-start gap-3">
        <TriangleAlert className="mt-0.5 size-4 shrink-0 text-danger" aria-hidden="true" />
        <div className="min-w-0 flex-1 space-y-2">
          <p>{message}</p>
          {children}
          {problem && (
            <p className="text-xs break-all text-muted-foreground">
              Code {problem.code}
              {problem.requestId && ` · Request ${problem.requestId}`}
            </p>
          )}
          {onRetry && (
            <Button size="small" onClick={onRetry}>
              Try again
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}
