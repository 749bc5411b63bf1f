import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Button } from "@/components/ui/button";
import { syncErrorInWords } from "@/features/catalog/syncErrors";
import { isSyncing } from "@/features/catalog/useRepositories";
import { integrationQuery, PROVIDER } from "@/features/integrations/useIntegration";
import { api, fetchBody } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { CatalogSync, OrganizationOfUser } from "@/lib/api/types";
import { counted } from "@/lib/count";
import { denialReason } from "@/lib/permissions";

const DEFAULT_COOLDOWN_SECONDS = 60;

/** The age of the repository list, with a button to refresh it. */
export function ListAge({ organization, sync }: { organization: OrganizationOfUser; sync: CatalogSync }) {
  const client = useQueryClient();
  const refresh = useMutation({
    mutationFn: () =>
      fetchBody(
        api.POST("/api/v1/{org_id}/git-integrations/{provider}/sync", {
          params: { path: { org_id: organization.id, provider: PROVIDER } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: integrationQuery(organization.id).queryKey }),
  });
  const isBusy = isSyncing(sync) || refresh.isPending;
  const { error } = refresh;
  const cooldown = error instanceof ApiProblem && error.code === "sync_cooling_down" ? error : null;
  const seconds = useCountdown(cooldown);
  return (
    <div className="flex flex-wrap items-center gap-x-1 gap-y-1 text-sm text-muted-foreground">
      <p role="status">
        {cooldown && !isBusy && seconds > 0 ? (
          // Screen readers announce it once, not every second.
          <>
            Just refreshed. Try again <span aria-hidden="true">in {counted(seconds, "second")}</span>
            <span className="sr-only">in a moment</span>.
          </>
        ) : (
          <Age sync={sync} isBusy={isBusy} />
        )}
      </p>
      <WithReason reason={denialReason("sync", organization)}>
        <Button size="small" variant="ghost" disabled={isBusy} onClick={() => refresh.mutate()}>
          <RefreshCw className={isBusy ? "animate-spin" : ""} aria-hidden="true" /> Refresh
        </Button>
      </WithReason>
      {error && !cooldown && (
        <div className="w-full">
          <ProblemAlert error={error} onRetry={() => refresh.mutate()} />
        </div>
      )}
    </div>
  );
}

function Age({ sync: { synced_at, state, error }, isBusy }: { sync: CatalogSync; isBusy: boolean }) {
  if (isBusy) return "Syncing…";
  const failure = state === "failed" ? syncErrorInWords(error) : null;
  if (!synced_at) return failure ?? "Not synced yet.";
  return (
    <>
      Updated <Time at={synced_at} />.{failure && ` ${failure}`}
    </>
  );
}

/** The seconds until a refused request may be repeated, counted down. */
function useCountdown(problem: ApiProblem | null): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!problem) return;
    const end = Date.now() + 1000 * Math.ceil(problem.retryAfter ?? DEFAULT_COOLDOWN_SECONDS);
    const count = () => setSeconds(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
    count();
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [problem]);
  return seconds;
}
