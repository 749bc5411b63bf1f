import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { LoaderCircle, Search } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { emptyReasonOf } from "@/features/catalog/emptyReason";
import { NoRepositories } from "@/features/catalog/NoRepositories";
import { RepositoryRow } from "@/features/catalog/RepositoryRow";
import type { Arrival } from "@/features/catalog/useArrivals";
import { useRepositories } from "@/features/catalog/useRepositories";
import { useLatest } from "@/hooks/useLatest";
import type { Repository } from "@/lib/api/types";
import { counted, formatNumber } from "@/lib/count";

const ROW_PX = 64;
const PAGE_ROWS = 6;
// The next page is requested this many rows before the end.
const AHEAD = 20;
const REPORTED_AFTER_MS = 300;

/** Searches and chooses a repository. The list is virtual, so 10,000 repositories are as fast as 10. */
export function RepoSelector({
  orgId,
  initialText = "",
  arrivals,
  onText,
  onChoose,
  children,
}: {
  orgId: string;
  initialText?: string | undefined;
  arrivals: readonly Arrival[];
  /** Called with the search text after a pause in typing. */
  onText?: (text: string) => void;
  onChoose: (repository: Repository) => void;
  /** Shown below the list: its age, and how to add repositories. */
  children?: ReactNode;
}) {
  const [text, setText] = useState(initialText);
  const [active, setActive] = useState(0);
  const list = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const query = useRepositories(orgId, text);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const fresh = useMemo(() => new Set(arrivals.map(({ id }) => id)), [arrivals]);
  const virtual = useVirtualizer({
    count: rows.length + (hasNextPage ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 6,
    // The active row stays rendered, because aria-activedescendant refers to it.
    rangeExtractor: (range) => withActive(range, active),
  });
  const shown = virtual.getVirtualItems();
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, last, rows.length, fetchNextPage]);

  const latestOnText = useLatest(onText);
  useEffect(() => {
    if (text === initialText) return;
    const timer = setTimeout(() => latestOnText.current?.(text), REPORTED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, initialText, latestOnText]);

  const search = (next: string) => {
    setText(next);
    setActive(0);
    virtual.scrollToOffset(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS }[event.key];
    const chosen = rows[active];
    if (step !== undefined) {
      const next = Math.max(0, Math.min(rows.length - 1, active + step));
      setActive(next);
      virtual.scrollToIndex(next);
    } else if (event.key === "Escape" && text) search("");
    else if (event.key === "Enter" && chosen && !query.isPlaceholderData) onChoose(chosen);
    else if (event.key !== "Enter") return;
    event.preventDefault();
  };
  const sync = data?.pages[0]?.sync;
  const isEmpty = data !== undefined && rows.length === 0;
  return (
    <div className="space-y-3">
      <div className="relative">
        <Search className="pointer-events-none absolute top-3 left-3 size-4 text-muted-foreground" aria-hidden="true" />
        <Input
          type="search"
          role="combobox"
          aria-label="Search repositories"
          aria-autocomplete="list"
          aria-expanded={rows.length > 0}
          aria-controls={list}
          {...(rows[active] && { "aria-activedescendant": `${list}-${active}` })}
          placeholder="Search repositories"
          autoComplete="off"
          spellCheck={false}
          kind="searching"
          maxLength={256}
          value={text}
          onChange={(event) => search(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {query.isPlaceholderData && (
          <LoaderCircle className="late absolute top-3 right-3 size-4 text-muted-foreground" aria-label="Searching" />
        )}
      </div>
      {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
      <div ref={scroller} className="relative h-104 overflow-y-auto rounded-xl border bg-card">
        {query.isPending && !query.error && <RowSkeletons />}
        {isEmpty && sync && (
          <NoRepositories
            reason={emptyReasonOf(text, sync)}
            syncError={sync.error}
            searchText={text}
            orgId={orgId}
            onClear={() => search("")}
          />
        )}
        <div
          id={list}
          {...(rows.length > 0 && { role: "listbox", "aria-label": "Repositories" })}
          aria-busy={query.isPlaceholderData}
          {...(!query.isPlaceholderData && data && { "data-found": text })}
          tabIndex={-1}
          className="relative w-full"
          style={{ height: virtual.getTotalSize() }}
        >
          {shown.map(({ index, start }) => {
            const repository = rows[index];
            if (!repository) return hasNextPage && <NextRow key="next" top={start} />;
            return (
              <RepositoryRow
                key={repository.id}
                id={`${list}-${index}`}
                repository={repository}
                top={start}
                position={index + 1}
                count={hasNextPage ? -1 : rows.length}
                isActive={index === active}
                isNew={fresh.has(repository.id)}
                onChoose={onChoose}
              />
            );
          })}
        </div>
      </div>
      <p className="sr-only" role="status">
        {!query.isPlaceholderData && data && countInWords(rows.length, hasNextPage, text)}
      </p>
      {children}
    </div>
  );
}

function withActive(range: Range, active: number): number[] {
  const shown = defaultRangeExtractor(range);
  return active < range.count && !shown.includes(active) ? [...shown, active].sort((a, b) => a - b) : shown;
}

function countInWords(count: number, hasMore: boolean, text: string): string {
  const some = hasMore ? `${formatNumber(count)} or more repositories` : counted(count, "repository", "repositories");
  return text ? `${some} found` : some;
}

function NextRow({ top }: { top: number }) {
  return (
    <div
      role="presentation"
      className="absolute inset-x-0 flex h-16 items-center px-4"
      style={{ transform: `translateY(${top}px)` }}
    >
      <Skeleton className="h-8 w-full" />
    </div>
  );
}

function RowSkeletons() {
  return (
    <div className="absolute inset-0 overflow-hidden">
      {["one", "two", "three", "four", "five", "six"].map((name) => (
        <div key={name} className="flex h-16 items-center gap-3 border-b px-4">
          <Skeleton className="size-4 shrink-0" />
          <div className="flex-1 space-y-2">
            <Skeleton className="h-4 w-48 max-w-full" />
            <Skeleton className="h-3 w-72 max-w-full" />
          </div>
        </div>
      ))}
    </div>
  );
}
