import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { remedyOf, wordsOf } from "@/app/kit/projects/conflicts";
import { AdjustAccess } from "@/app/kit/projects/import/AdjustAccess";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import type { Repository } from "@/lib/api/types";

/** An error of linking or importing, with the action that helps. */
export function RefusalHelp({
  error,
  name = "",
  repository,
  orgId,
  onRename,
  onReload,
}: {
  error: Error;
  name?: string;
  repository: Repository;
  orgId: string;
  onRename?: (name: string) => void;
  onReload?: () => void;
}) {
  const remedy = remedyOf(error, name, repository);
  const help = () => {
    switch (remedy?.kind) {
      case "rename":
        return (
          <Button size="small" onClick={() => onRename?.(remedy.name)}>
            Use “{remedy.name}”
          </Button>
        );
      case "visit":
        return (
          <Button size="small" asChild>
            <a href={remedy.url}>
              {remedy.words}
              <ExternalLink aria-hidden="true" />
            </a>
          </Button>
        );
      case "adjust":
        return <AdjustAccess orgId={orgId} />;
      case "integrations":
        return (
          <Button size="small" asChild>
            <Link to="/kit/$orgId/settings/integrations" params={{ orgId }}>
              View integration
            </Link>
          </Button>
        );
      case "reload":
        return (
          <Button size="small" onClick={onReload}>
            Reload
          </Button>
        );
      default:
        return null;
    }
  };
  return (
    <ProblemAlert error={error} words={wordsOf(error)}>
      {help()}
    </ProblemAlert>
  );
}
