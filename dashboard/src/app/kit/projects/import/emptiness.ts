import type { CatalogSync } from "@/lib/api/types";

/** Why a list of repositories has no rows: each is another thing to do. */
export type Emptiness = "syncing" | "unreachable" | "none_granted" | "no_match" | "no_match_yet";

/** Tell them apart by what was sought and how far the list has been read. */
export function emptinessOf(sought: string, sync: CatalogSync): Emptiness {
  const isReading = sync.state === "requested" || sync.state === "running";
  if (sync.synced_at === null) {
    if (sync.state === "failed") return "unreachable";
    return sought && isReading ? "no_match_yet" : "syncing";
  }
  if (!sought) return "none_granted";
  return isReading ? "no_match_yet" : "no_match";
}
