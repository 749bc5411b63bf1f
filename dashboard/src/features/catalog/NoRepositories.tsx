import { CloudOff, FolderLock, LoaderCircle, SearchX } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Button } from "@/components/ui/button";
import { AdjustAccess } from "@/features/catalog/AdjustAccess";
import type { EmptyReason } from "@/features/catalog/emptyReason";
import { syncErrorInWords } from "@/features/catalog/syncErrors";

/** Explains why the list of repositories is empty, and what to do. */
export function NoRepositories({
  reason,
  syncError,
  searchText,
  orgId,
  onClear,
}: {
  reason: EmptyReason;
  /** The code of the failure of the last sync. */
  syncError: string | null;
  searchText: string;
  orgId: string;
  onClear: () => void;
}) {
  switch (reason) {
    case "syncing":
      return (
        <EmptyState icon={LoaderCircle} isBusy title="Loading your repositories">
          The first repositories appear in a few seconds.
        </EmptyState>
      );
    case "no_match_yet":
      return (
        <EmptyState icon={LoaderCircle} isBusy title={`No matches for “${searchText}” yet`}>
          Still loading. Results appear as they arrive.
        </EmptyState>
      );
    case "unreachable":
      return (
        <EmptyState icon={CloudOff} title="Couldn’t load repositories">
          {syncErrorInWords(syncError)}
          {syncError !== "provider_rate_limited" && " Select “Refresh” to try again now."}
        </EmptyState>
      );
    case "none_granted":
      return (
        <EmptyState
          icon={FolderLock}
          title="No repositories available"
          action={<AdjustAccess orgId={orgId} label="Choose repositories on GitHub" isMain />}
        >
          The crewkit app can’t access any repositories of the GitHub account. An owner of the account can grant access.
        </EmptyState>
      );
    case "no_match":
      return (
        <EmptyState
          icon={SearchX}
          title={`No repositories match “${searchText}”`}
          action={<Button onClick={onClear}>Clear search</Button>}
        >
          Check the spelling, or give the crewkit app access to more repositories.
        </EmptyState>
      );
  }
}
