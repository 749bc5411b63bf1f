import type { CatalogSync } from "@/lib/api/types";

/** Why a list of repositories is empty. Each reason needs another action. */
export type EmptyReason = "syncing" | "unreachable" | "none_granted" | "no_match" | "no_match_yet";

/** Return the reason, from the search text and the state of the sync. */
export function emptyReasonOf(searchText: string, sync: CatalogSync): EmptyReason {
  const isReading = sync.state === "requested" || sync.state === "running";
  if (sync.synced_at === null) {
    if (sync.state === "failed") return "unreachable";
    return searchText && isReading ? "no_match_yet" : "syncing";
  }
  if (!searchText) return "none_granted";
  return isReading ? "no_match_yet" : "no_match";
}
