import { ChevronDown, Shield } from "lucide-react";
import { type KeyboardEvent, type UIEvent, useId, useState } from "react";
import { Badge } from "@/components/ui/badge";
import type { FieldProps } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { useBranches } from "@/features/linking/useBranches";
import type { Branch } from "@/lib/api/types";
import { ago } from "@/lib/time";

const NEAR_END_PX = 200;

/**
 * Chooses an existing branch, or accepts a typed name: a branch can be chosen before its first push.
 *
 * https://www.w3.org/WAI/ARIA/apg/patterns/combobox/examples/combobox-autocomplete-list/
 */
export function BranchPicker({
  orgId,
  repoId,
  value,
  disabled = false,
  onChange,
  ...field
}: FieldProps & {
  orgId: string;
  repoId: string;
  value: string;
  disabled?: boolean;
  onChange: (branch: string) => void;
}) {
  const list = useId();
  const [isOpen, setOpen] = useState(false);
  // Only text that was typed since the list opened filters it.
  const [searchText, setSearchText] = useState("");
  const [active, setActive] = useState(-1);
  const query = useBranches(orgId, repoId, searchText, isOpen);
  const branches = query.data?.pages.flatMap((page) => page.data) ?? [];
  const first = query.data?.pages[0];

  const open = () => {
    if (disabled || isOpen) return;
    setSearchText("");
    setActive(-1);
    setOpen(true);
  };
  const choose = (branch: string) => {
    onChange(branch);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = branches[active];
    if (step !== undefined && !isOpen) open();
    else if (step !== undefined) {
      const next = Math.max(0, Math.min(branches.length - 1, active + step));
      setActive(next);
      document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: "nearest" });
      if (next > branches.length - 5 && query.hasNextPage && !query.isFetchingNextPage) query.fetchNextPage();
    } else if (event.key === "Escape" && isOpen) {
      setOpen(false);
      event.stopPropagation();
    } else if (event.key === "Enter" && isOpen && chosen) choose(chosen.name);
    else return;
    event.preventDefault();
  };
  const scroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: UIEvent) => {
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (isNear && query.hasNextPage && !query.isFetchingNextPage) query.fetchNextPage();
  };
  return (
    <div className="relative">
      <Input
        {...field}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={list}
        {...(isOpen && branches[active] && { "aria-activedescendant": `${list}-${active}` })}
        kind="opening"
        autoComplete="off"
        spellCheck={false}
        maxLength={255}
        required
        value={value}
        disabled={disabled}
        onClick={open}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          onChange(event.target.value);
          setSearchText(event.target.value);
          setActive(-1);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
      />
      <ChevronDown
        className="pointer-events-none absolute top-2.5 right-3 size-4 text-muted-foreground"
        aria-hidden="true"
      />
      {isOpen && (
        <div className="absolute inset-x-0 top-full z-20 mt-1 overflow-hidden rounded-md border bg-card shadow-lg">
          <div className="max-h-64 overflow-y-auto" onScroll={scroll}>
            {query.isPending && !query.error && <BranchSkeletons />}
            <div id={list} {...(branches.length > 0 && { role: "listbox", "aria-label": "Branches" })} tabIndex={-1}>
              {branches.map((branch, index) => (
                <BranchOption
                  key={branch.name}
                  id={`${list}-${index}`}
                  branch={branch}
                  isActive={index === active}
                  onChoose={choose}
                />
              ))}
            </div>
          </div>
          <p className="border-t px-3 py-2 text-xs text-muted-foreground empty:hidden" role="status">
            {query.error
              ? `Couldn’t load branches. ${query.error.message} You can type a branch name.`
              : first && branchListNote(branches, searchText, first)}
          </p>
        </div>
      )}
    </div>
  );
}

function branchListNote(
  branches: readonly Branch[],
  searchText: string,
  { stale, fetched_at, complete }: { stale: boolean; fetched_at: string; complete: boolean },
): string | null {
  if (stale) return `Couldn’t load branches from GitHub. These are from ${ago(fetched_at)}.`;
  if (searchText && !branches.some(({ name }) => name === searchText))
    return branches.length > 0
      ? null
      : `“${searchText}” doesn’t exist yet. You can choose it now, before its first push.`;
  if (branches.length === 0) return "Empty repository. Enter the first branch’s name.";
  return complete ? null : "Type to see more branches.";
}

function BranchOption({
  id,
  branch,
  isActive,
  onChoose,
}: {
  id: string;
  branch: Branch;
  isActive: boolean;
  onChoose: (name: string) => void;
}) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox that names the active one has the keyboard.
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      tabIndex={-1}
      data-active={isActive || undefined}
      className="flex h-9 cursor-pointer items-center gap-2 px-3 text-sm hover:bg-muted/60 data-active:bg-primary/8"
      // The field keeps the focus, so that it does not close before the click arrives.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onChoose(branch.name)}
    >
      <span className="min-w-0 truncate">{branch.name}</span>
      {branch.default && <Badge>Default</Badge>}
      {branch.protected && (
        <Badge>
          <Shield aria-hidden="true" /> Protected
        </Badge>
      )}
    </div>
  );
}

function BranchSkeletons() {
  return (
    <div className="space-y-2 p-3">
      <Skeleton className="h-5 w-32" />
      <Skeleton className="h-5 w-48" />
      <Skeleton className="h-5 w-40" />
    </div>
  );
}
