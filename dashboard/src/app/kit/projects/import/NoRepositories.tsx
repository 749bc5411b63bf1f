import { CloudOff, FolderLock, LoaderCircle, SearchX } from "lucide-react";
import { AdjustAccess } from "@/app/kit/projects/import/AdjustAccess";
import type { Emptiness } from "@/app/kit/projects/import/emptiness";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Button } from "@/components/ui/button";
import { syncFailureInWords } from "@/lib/syncFailures";

/** Why there is nothing to choose from, and what to do about it. */
export function NoRepositories({
  why,
  syncError,
  sought,
  orgId,
  onClear,
}: {
  why: Emptiness;
  /** The code of the failure of the last sync. */
  syncError: string | null;
  sought: string;
  orgId: string;
  onClear: () => void;
}) {
  switch (why) {
    case "syncing":
      return (
        <EmptyState icon={LoaderCircle} isBusy title="Loading your repositories">
          The first ones appear in a few seconds.
        </EmptyState>
      );
    case "no_match_yet":
      return (
        <EmptyState icon={LoaderCircle} isBusy title={`No matches for “${sought}” yet`}>
          Still loading. Results appear as they arrive.
        </EmptyState>
      );
    case "unreachable":
      return (
        <EmptyState icon={CloudOff} title="Repositories not loaded">
          {syncFailureInWords(syncError)} “Refresh” tries again now.
        </EmptyState>
      );
    case "none_granted":
      return (
        <EmptyState
          icon={FolderLock}
          title="No repository has been granted"
          action={<AdjustAccess orgId={orgId} words="Choose repositories on GitHub" isMain />}
        >
          GitHub is connected, but shows us none of its repositories. An owner chooses there which we may see.
        </EmptyState>
      );
    case "no_match":
      return (
        <EmptyState
          icon={SearchX}
          title={`No repository matches “${sought}”`}
          action={<Button onClick={onClear}>Clear the search</Button>}
        >
          Part of an owner’s or repository’s name finds it. What GitHub does not show us is not found: adjust
          access below.
        </EmptyState>
      );
  }
}
