import { Globe, Lock } from "lucide-react";
import { Button } from "@/components/ui/button";
import { RepositoryBadges } from "@/features/catalog/RepositoryBadges";
import type { Repository } from "@/lib/api/types";

/** The chosen repository, with a button to choose another one. */
export function ChosenRepository({ repository, onBack }: { repository: Repository; onBack: () => void }) {
  const Icon = repository.private ? Lock : Globe;
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 rounded-lg border bg-muted/40 p-3 text-sm">
      <div className="flex min-w-0 items-center gap-3">
        <Icon className="size-4 shrink-0 text-muted-foreground" aria-hidden="true" />
        <span className="min-w-0 font-medium break-words">{repository.full_name}</span>
        <RepositoryBadges repository={repository} />
      </div>
      <Button size="small" onClick={onBack}>
        Change
      </Button>
    </div>
  );
}
