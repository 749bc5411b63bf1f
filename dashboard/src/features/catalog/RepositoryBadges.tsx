import { Archive, GitFork } from "lucide-react";
import { Badge } from "@/components/ui/badge";
import type { Repository } from "@/lib/api/types";

/** The properties of a repository that matter for linking it: not public, a fork, archived. */
export function RepositoryBadges({ repository }: { repository: Repository }) {
  return (
    <>
      {repository.private && <Badge>{repository.visibility === "internal" ? "Internal" : "Private"}</Badge>}
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
    </>
  );
}
