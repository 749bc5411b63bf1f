import { Sparkles, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { Arrival } from "@/features/catalog/useArrivals";
import { counted, formatNumber } from "@/lib/count";

const NAMED = 3;

/** Repositories that were added since the person left for GitHub, ready to choose. */
export function NewArrivals({
  arrivals,
  onChoose,
  onDismiss,
}: {
  arrivals: readonly Arrival[];
  onChoose: (id: string) => void;
  onDismiss: () => void;
}) {
  const more = arrivals.length - NAMED;
  return (
    <div role="status">
      {arrivals.length > 0 && (
        <div className="flex items-start gap-3 rounded-lg border border-success/40 bg-success-soft p-3 text-sm">
          <Sparkles className="mt-0.5 size-4 shrink-0 text-success" aria-hidden="true" />
          <div className="min-w-0 flex-1">
            <p className="font-medium">{counted(arrivals.length, "repository", "repositories")} added</p>
            <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
              {arrivals.slice(0, NAMED).map((arrival) => (
                <Button key={arrival.id} variant="link" size="inline" onClick={() => onChoose(arrival.id)}>
                  {arrival.fullName}
                </Button>
              ))}
              {more > 0 && <span>and {formatNumber(more)} more, marked “New” in the list</span>}
            </p>
          </div>
          <button
            type="button"
            aria-label="Dismiss"
            className="rounded p-1 text-muted-foreground hover:text-foreground"
            onClick={onDismiss}
          >
            <X className="size-4" />
          </button>
        </div>
      )}
    </div>
  );
}
