import { Globe, Lock, Sparkles } from "lucide-react";
import { memo } from "react";
import { Badge } from "@/components/ui/badge";
import { linkedTo } from "@/features/catalog/linkedTo";
import { RepositoryBadges } from "@/features/catalog/RepositoryBadges";
import type { Repository } from "@/lib/api/types";
import { ago } from "@/lib/time";

interface Props {
  id: string;
  repository: Repository;
  top: number;
  position: number;
  /** The number of rows, or -1 while there may be more. */
  count: number;
  isActive: boolean;
  isNew: boolean;
  onChoose: (repository: Repository) => void;
}

/** One repository to choose. Memoized, so that typing does not render unchanged rows again. */
export const RepositoryRow = memo(function RepositoryRow({
  id,
  repository,
  top,
  position,
  count,
  isActive,
  isNew,
  onChoose,
}: Props) {
  const { language, pushed_at, description, projects } = repository;
  const about = [language, pushed_at && `pushed ${ago(pushed_at)}`, description].filter(Boolean).join(" · ");
  const Icon = repository.private ? Lock : Globe;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox that names the active one has the keyboard.
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      aria-setsize={count}
      aria-posinset={position}
      tabIndex={-1}
      data-active={isActive || undefined}
      className="absolute inset-x-0 flex h-16 cursor-pointer items-center gap-3 border-b px-4 text-sm hover:bg-muted/60 data-active:bg-primary/8 data-active:shadow-[inset_3px_0_0_var(--primary)]"
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(repository)}
    >
      <Icon className="size-4 shrink-0 text-muted-foreground" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <div className="flex items-center gap-2">
          <span className="truncate">
            <span className="text-muted-foreground">{repository.owner}/</span>
            <span className="font-medium">{repository.name}</span>
          </span>
          <span className="flex shrink-0 gap-1">
            {isNew && (
              <Badge tone="success">
                <Sparkles aria-hidden="true" /> New
              </Badge>
            )}
            <RepositoryBadges repository={repository} />
          </span>
        </div>
        <div className="mt-0.5 truncate text-xs text-muted-foreground">
          {projects && projects.length > 0 && <span className="font-medium text-info">{linkedTo(projects)}</span>}
          {projects && projects.length > 0 && about && " · "}
          {about || (projects?.length ? null : "No details yet")}
        </div>
      </div>
    </div>
  );
});
