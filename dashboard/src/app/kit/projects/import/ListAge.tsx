import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { integrationQuery, PROVIDER } from "@/hooks/useIntegration";
import { isBeingRead } from "@/hooks/useRepositories";
import { answerOf, api } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { CatalogSync, OrganizationOfUser } from "@/lib/api/types";
import { refusal } from "@/lib/rights";
import { ago } from "@/lib/time";

/** How old the list is, and the way to have it read again. */
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
  return (
    <div className="flex flex-wrap items-center gap-x-1 gap-y-1 text-sm text-muted-foreground">
      <p role="status">
        {tooSoon && !isReading ? tooSoonInWords(tooSoon.retryAfter) : ageInWords(sync, isReading)}
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

function ageInWords({ synced_at, state }: CatalogSync, isReading: boolean): string {
  if (isReading) return synced_at ? "Being read from GitHub again…" : "Being read from GitHub…";
  if (!synced_at) return "Not read from GitHub yet.";
  const age = `As GitHub told us ${ago(synced_at)}.`;
  return state === "failed" ? `${age} It does not answer now; we go on trying.` : age;
}

function tooSoonInWords(seconds: number | null): string {
  return seconds
    ? `It was read just now; again in ${Math.ceil(seconds)} seconds.`
    : "It was read just now; try again in a minute.";
}
