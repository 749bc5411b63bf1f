import { type Standing, standingOf } from "@/app/kit/settings/integrations/standing";
import type { Integration, Repository, Role } from "@/lib/api/types";
import { type Deed, refusal } from "@/lib/rights";

/** What is in the way of linking, known before anything is sent. */
export interface Obstacle {
  words: string;
  help: { kind: "visit"; words: string; url: string } | { kind: "integrations" } | null;
}

/** Say what is in the way, of several the one to be removed first; the service decides, this only explains. */
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
    return { words: `${sentence} Nothing can be linked until then.`, help: { kind: "integrations" } };
  }
  if (integration.status !== "active")
    return { words: "GitHub is not connected, so nothing can be linked.", help: { kind: "integrations" } };
  if (repository.archived)
    return {
      words: `${repository.full_name} is archived on GitHub: nothing can be pushed to it. Unarchive it there first; this page follows.`,
      help: repository.url ? { kind: "visit", words: "Open it on GitHub", url: repository.url } : null,
    };
  return null;
}
