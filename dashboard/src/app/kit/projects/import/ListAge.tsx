import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Button } from "@/components/ui/button";
import { integrationQuery, PROVIDER } from "@/hooks/useIntegration";
import { isBeingRead } from "@/hooks/useRepositories";
import { answerOf, api } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { CatalogSync, OrganizationOfUser } from "@/lib/api/types";
import { counted } from "@/lib/count";
import { refusal } from "@/lib/rights";
import { syncFailureInWords } from "@/lib/syncFailures";

const DEFAULT_COOLDOWN_SECONDS = 60;

/** The age of the repository list, with a button to refresh it. */
export function ListAge({ organization, sync }: { organization: OrganizationOfUser; sync: CatalogSync }) {
  const client = useQueryClient();
  const refresh = useMutation({
    mutationFn: () =>
      answerOf(
        api.POST("/api/v1/{org_id}/git-integrations/{provider}/sync", {
          params: { path: { org_id: organization.id, provider: PROVIDER } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: integrationQuery(organization.id).queryKey }),
  });
  const isReading = isBeingRead(sync) || refresh.isPending;
  const { error } = refresh;
  const tooSoon = error instanceof ApiProblem && error.code === "sync_cooling_down" ? error : null;
  const seconds = useCountdown(tooSoon);
  return (
    <div className="flex flex-wrap items-center gap-x-1 gap-y-1 text-sm text-muted-foreground">
      <p role="status">
        {tooSoon && !isReading && seconds > 0 ? (
          // Screen readers announce it once, not every second.
          <>
            Just refreshed. Try again <span aria-hidden="true">in {counted(seconds, "second")}</span>
            <span className="sr-only">in a moment</span>.
          </>
        ) : (
          <Age sync={sync} isReading={isReading} />
        )}
      </p>
      <WithReason reason={refusal("sync", organization.role)}>
        <Button size="small" variant="ghost" disabled={isReading} onClick={() => refresh.mutate()}>
          <RefreshCw className={isReading ? "animate-spin" : ""} aria-hidden="true" /> Refresh
        </Button>
      </WithReason>
      {error && !tooSoon && (
        <div className="w-full">
          <ProblemAlert error={error} onRetry={() => refresh.mutate()} />
        </div>
      )}
    </div>
  );
}

function Age({ sync: { synced_at, state, error }, isReading }: { sync: CatalogSync; isReading: boolean }) {
  if (isReading) return "Syncing…";
  const failure = state === "failed" ? syncFailureInWords(error) : null;
  if (!synced_at) return failure ?? "Not synced yet.";
  return (
    <>
      Updated <Time at={synced_at} />.{failure && ` ${failure}`}
    </>
  );
}

/** The seconds until a refused request may be repeated, counted down. */
function useCountdown(refusal: ApiProblem | null): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!refusal) return;
    const end = Date.now() + 1000 * Math.ceil(refusal.retryAfter ?? DEFAULT_COOLDOWN_SECONDS);
    const count = () => setSeconds(Math.max(0, Math.ceil((end - Date.now()) / 1000)));
    count();
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [refusal]);
  return seconds;
}
