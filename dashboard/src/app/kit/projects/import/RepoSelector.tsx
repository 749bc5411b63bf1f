import { useVirtualizer } from "@tanstack/react-virtual";
import { Archive, GitFork, Lock, SearchX } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Badge } from "@/components/ui/badge";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { useRepositories } from "@/hooks/useRepositories";
import type { Repository } from "@/lib/api/types";
import { ago } from "@/lib/time";

const ROW_PX = 52;
// Loads the next page this many rows before the end comes into sight.
const AHEAD = 20;

/** Search and choose one of the repositories; ten thousand of them are as quick as ten. */
export function RepoSelector({
  orgId,
  onChoose,
}: {
  orgId: string;
  onChoose: (repository: Repository) => void;
}) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const list = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const query = useRepositories(orgId, text);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, last, rows.length, fetchNextPage]);

  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = steps[event.key];
    const chosen = rows[active];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(rows.length - 1, active + step));
      setActive(next);
      virtual.scrollToIndex(next);
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      onChoose(chosen);
    }
  };
  const sync = data?.pages[0]?.sync;
  return (
    <div className="space-y-3">
      <Input
        type="search"
        role="combobox"
        aria-label="Search repositories"
        aria-expanded="true"
        aria-controls={list}
        {...(rows[active] && { "aria-activedescendant": `${list}-${active}` })}
        placeholder="Search repositories"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={move}
      />
      {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
      <div ref={scroller} className="h-104 overflow-y-auto rounded-xl border bg-card">
        {query.isPending && <Skeleton className="m-4 h-10" />}
        {data && rows.length === 0 && <NothingFound text={text} isSyncing={sync?.synced_at === null} />}
        <div
          id={list}
          role="listbox"
          aria-label="Repositories"
          aria-busy={query.isPlaceholderData}
          {...(!query.isPlaceholderData && data && { "data-found": text })}
          tabIndex={-1}
          className="relative w-full"
          style={{ height: virtual.getTotalSize() }}
        >
          {shown.map((item) => {
            const repository = rows[item.index];
            return (
              repository && (
                <Row
                  key={repository.id}
                  id={`${list}-${item.index}`}
                  repository={repository}
                  isActive={item.index === active}
                  top={item.start}
                  onChoose={onChoose}
                />
              )
            );
          })}
        </div>
      </div>
      <p className="text-xs text-muted-foreground" role="status">
        {sync?.synced_at
          ? `As GitHub told us ${ago(sync.synced_at)}.`
          : "The list is being read from GitHub."}
      </p>
    </div>
  );
}

function Row({
  id,
  repository,
  isActive,
  top,
  onChoose,
}: {
  id: string;
  repository: Repository;
  isActive: boolean;
  top: number;
  onChoose: (repository: Repository) => void;
}) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keyboard.
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      tabIndex={-1}
      className={`absolute inset-x-0 flex h-13 cursor-pointer items-center gap-3 border-b px-4 text-sm hover:bg-muted ${isActive ? "bg-muted" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(repository)}
    >
      <span className="min-w-0 flex-1 truncate">
        <span className="text-muted-foreground">{repository.owner}/</span>
        <span className="font-medium">{repository.name}</span>
      </span>
      {repository.private && (
        <Badge>
          <Lock aria-hidden="true" /> Private
        </Badge>
      )}
      {repository.fork && (
        <Badge>
          <GitFork aria-hidden="true" /> Fork
        </Badge>
      )}
      {repository.archived && (
        <Badge tone="warning">
          <Archive aria-hidden="true" /> Archived
        </Badge>
      )}
      <span className="hidden w-44 truncate text-right text-muted-foreground sm:block">
        {[repository.language, repository.pushed_at && ago(repository.pushed_at)].filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

function NothingFound({ text, isSyncing }: { text: string; isSyncing: boolean }) {
  if (isSyncing)
    return (
      <EmptyState icon={SearchX} title="The list is being read from GitHub">
        It appears here by itself in a moment.
      </EmptyState>
    );
  return text ? (
    <EmptyState icon={SearchX} title={`No repository matches “${text}”`}>
      Try fewer letters, or adjust on GitHub which repositories we may see.
    </EmptyState>
  ) : (
    <EmptyState icon={SearchX} title="We may see no repository yet">
      Choose on GitHub which repositories we may see.
    </EmptyState>
  );
}
