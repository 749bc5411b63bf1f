import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { mapLinkedProjects, repositoryInWords } from "@/features/events/linkedProjects";
import { reasonInWords, toLabel, typeInWords } from "@/features/events/reasons";
import { LABELS, MEANINGS, type Status, TONES } from "@/features/events/status";
import { STATUSES } from "@/features/events/statuses";
import { useLinkedProjects } from "@/features/projects/useProjects";
import { useLiveEvents } from "@/hooks/useLiveEvents";
import { useOrganization } from "@/hooks/useOrganization";
import { api, fetchBody } from "@/lib/api/client";
import type { Retried } from "@/lib/api/types";
import { counted, formatNumber } from "@/lib/count";
import { notify } from "@/lib/notices";
import { denialReason } from "@/lib/permissions";
import type { Liveness } from "@/lib/stream/shared";

const EventDialog = lazy(async () => ({
  default: (await import("@/features/events/EventDialog")).EventDialog,
}));
const route = getRouteApi("/kit/$orgId/events");
// The stream has no events for ignored or failed deliveries.
const POLL_MS = 15_000;
const PENDING_POLL_MS = 3000;
const LIVENESS: Record<Liveness, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  signed_out: "Signed out",
  refused: "Disconnected",
};
const TYPES = ["push", "pull_request", "repository", "installation", "installation_repositories"];

export function EventsPage() {
  const organization = useOrganization();
  const { status, event, id } = route.useSearch();
  const navigate = route.useNavigate();
  const key = useMemo(() => ["events", organization.id], [organization.id]);
  const liveness = useLiveEvents(organization.id, key);
  const { data: linked } = useLinkedProjects(organization.id);
  const places = useMemo(() => mapLinkedProjects(linked?.projects ?? []), [linked]);
  const query = useInfiniteQuery({
    queryKey: [...key, status, event],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-webhook-events", {
          params: {
            path: { org_id: organization.id },
            query: {
              ...(status && { status }),
              ...(event && { event }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.data.some((event) => event.status === "pending"))
        ? PENDING_POLL_MS
        : POLL_MS,
  });
  // The address may name a type that is not in the list.
  const types = event && !TYPES.includes(event) ? [...TYPES, event] : TYPES;
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Page title="Events" about="Webhook deliveries from GitHub and their results.">
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <NativeSelect
          aria-label="Status"
          value={status ?? ""}
          onChange={(change) =>
            navigate({ search: { status: (change.target.value || undefined) as Status | undefined, event } })
          }
        >
          <option value="">All statuses</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {LABELS[each]}
            </option>
          ))}
        </NativeSelect>
        <NativeSelect
          aria-label="Type"
          value={event ?? ""}
          onChange={(change) => navigate({ search: { status, event: change.target.value || undefined } })}
        >
          <option value="">All types</option>
          {types.map((type) => (
            <option key={type} value={type}>
              {toLabel(type)}
            </option>
          ))}
        </NativeSelect>
        <Badge tone={liveness === "live" ? "success" : "neutral"} role="status">
          {LIVENESS[liveness]}
        </Badge>
        {(status === "failed" || status === "ignored") && <RetryAll status={status} event={event} />}
      </div>
      {status && <p className="mb-3 text-sm text-muted-foreground">{MEANINGS[status]}</p>}
      <Rows
        query={query}
        rows={rows}
        label="Events"
        keyOf={(row) => row.id}
        empty={
          <EmptyState icon={Activity} title={status || event ? "No matching events" : "No events yet"}>
            {status || event
              ? "Change the filters to see other events."
              : "Push to a linked repository. The event then appears here."}
          </EmptyState>
        }
      >
        {(row) => (
          <>
            <span className="min-w-0 flex-1 basis-60">
              <Link
                from={route.id}
                search={{ status, event, id: row.id }}
                className="row-link block max-w-full truncate font-medium hover:underline"
              >
                {typeInWords(row)}
              </Link>
              <span className="block truncate text-muted-foreground">
                {linked ? repositoryInWords(row.repo_id, places, linked) : "\u00a0"}
              </span>
            </span>
            {row.reason && <span className="truncate text-muted-foreground">{reasonInWords(row.reason).text}</span>}
            <Badge tone={TONES[row.status]}>{LABELS[row.status]}</Badge>
            <span className="ml-auto text-right text-muted-foreground sm:w-28">
              <Time at={row.received_at} />
            </span>
          </>
        )}
      </Rows>
      {id && (
        <Suspense>
          <EventDialog organization={organization} id={id} onClose={() => navigate({ search: { status, event } })} />
        </Suspense>
      )}
    </Page>
  );
}

function RetryAll({ status, event }: { status: "failed" | "ignored"; event: string | undefined }) {
  const organization = useOrganization();
  const client = useQueryClient();
  const [progress, setProgress] = useState<string>();
  const post = (step: { cursor: string; dry_run: boolean }): Promise<Retried> =>
    fetchBody(
      api.POST("/api/v1/{org_id}/git-webhook-events/retry", {
        params: { path: { org_id: organization.id } },
        body: { status, ...(event && { event }), ...step },
      }),
    );
  const retry = useMutation({
    // One request retries at most 1,000 events and returns where the next one continues.
    mutationFn: async () => {
      const { matching } = await post({ cursor: "", dry_run: true });
      let retried = 0;
      let cursor: string | null = "";
      while (cursor !== null) {
        setProgress(`Retrying ${formatNumber(retried)} of ${counted(matching ?? 0, "event")}…`);
        const result = await post({ cursor, dry_run: false });
        retried += result.retried;
        cursor = result.next_cursor;
      }
      return retried;
    },
    onSettled: () => setProgress(undefined),
    onSuccess: async (total) => {
      notify(`Retrying ${counted(total, "event")}`);
      await client.invalidateQueries({ queryKey: ["events", organization.id] });
    },
  });
  return (
    <>
      <WithReason reason={denialReason("retry", organization)}>
        <Button size="small" disabled={retry.isPending} onClick={() => retry.mutate()}>
          {retry.isPending ? (progress ?? "Retrying…") : `Retry all ${status}`}
        </Button>
      </WithReason>
      {retry.error && <ProblemAlert error={retry.error} />}
    </>
  );
}
