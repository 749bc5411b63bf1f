import { type Standing, standingOf } from "@/app/kit/settings/integrations/standing";
import type { Integration, Repository, Role } from "@/lib/api/types";
import { type Deed, refusal } from "@/lib/rights";

/** A reason why a repository can’t be linked, known before the request is sent. */
export interface Obstacle {
  words: string;
  help: { kind: "visit"; words: string; url: string } | { kind: "integrations" } | null;
}

/** Return the first reason why a repository can’t be linked, or null. Only explains: the service decides. */
export function obstacleOf(
  deed: Extract<Deed, "import" | "link">,
  role: Role,
  integration: Pick<Integration, "status"> & Partial<Integration>,
  repository: Repository,
): Obstacle | null {
  const why = refusal(deed, role);
  if (why) return { words: why, help: null };
  if (integration.status === "suspended") {
    const { sentence }: Standing = standingOf(integration as Integration, role);
    return {
      words: `${sentence} Repositories can’t be linked while crewkit has no access.`,
      help: { kind: "integrations" },
    };
  }
  if (integration.status !== "active")
    return {
      words: "GitHub isn’t connected. Connect it to link repositories.",
      help: { kind: "integrations" },
    };
  if (repository.archived)
    return {
      words: `${repository.full_name} is archived. Unarchive it on GitHub to continue.`,
      help: repository.url ? { kind: "visit", words: "Open on GitHub", url: repository.url } : null,
    };
  return null;
}
