import type { ReactNode } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { MoreButton } from "@/components/MoreButton";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";

interface Query {
  error: Error | null;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** A paged list: its rows, its empty state, or its error. */
export function Rows<T>({
  query,
  rows,
  label,
  empty,
  keyOf,
  children,
}: {
  query: Query;
  rows: readonly T[];
  label: string;
  empty: ReactNode;
  keyOf: (row: T) => string;
  children: (row: T) => ReactNode;
}) {
  if (query.isPending)
    return (
      <Card className="min-h-96 space-y-4 p-5">
        {["one", "two", "three", "four", "five", "six"].map((name) => (
          <Skeleton key={name} className="h-10 w-full" />
        ))}
      </Card>
    );
  return (
    <>
      {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
      {(rows.length > 0 || !query.error) && (
        <Card className="min-h-96">
          {rows.length === 0 ? (
            empty
          ) : (
            <ul aria-label={label} className="divide-y">
              {rows.map((row) => (
                <li
                  key={keyOf(row)}
                  className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-5 py-3 text-sm has-[.row-link]:hover:bg-muted/50"
                >
                  {children(row)}
                </li>
              ))}
            </ul>
          )}
        </Card>
      )}
      <MoreButton query={query} />
    </>
  );
}
