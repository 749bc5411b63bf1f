import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useMemo } from "react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { typeInWords } from "@/features/events/reasons";
import { LABELS, TONES } from "@/features/events/status";
import { verdictInWords } from "@/features/links/verdicts";
import { useLiveEvents } from "@/hooks/useLiveEvents";
import { api, fetchBody } from "@/lib/api/client";

const SHOWN = 8;
// The stream has no events for deliveries that failed or were ignored.
const POLL_MS = 10_000;

/** The last webhook deliveries for this project's repository, with the result for this project. */
export function LastEvents({ orgId, projectId, fullName }: { orgId: string; projectId: string; fullName: string }) {
  const key = useMemo(() => ["events-of-project", orgId, projectId], [orgId, projectId]);
  useLiveEvents(orgId, key);
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-webhook-events", {
          params: { path: { org_id: orgId }, query: { project_id: projectId, limit: SHOWN } },
          signal,
        }),
      ),
    refetchInterval: POLL_MS,
  });
  return (
    <Card>
      <CardHeader>
        <CardTitle>Recent events</CardTitle>
        <Link to="/kit/$orgId/events" params={{ orgId }} className="text-sm text-primary underline">
          View all events
        </Link>
      </CardHeader>
      {error && (
        <div className="px-5 pb-5">
          <ProblemAlert error={error} onRetry={() => refetch()} />
        </div>
      )}
      <div className="min-h-56">
        {!data && !error && (
          <div className="space-y-4 px-5 pb-5">
            <Skeleton className="h-8 w-full" />
            <Skeleton className="h-8 w-full" />
            <Skeleton className="h-8 w-full" />
          </div>
        )}
        {data?.data.length === 0 && (
          <EmptyState icon={Activity} title="No events yet">
            Push to {fullName}. The event then appears here.
          </EmptyState>
        )}
        {data && data.data.length > 0 && (
          <ul aria-label="Recent events" className="divide-y border-t">
            {data.data.map((event) => (
              <li
                key={event.id}
                className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-5 py-3 text-sm hover:bg-muted/50"
              >
                <Link
                  to="/kit/$orgId/events"
                  params={{ orgId }}
                  search={{ id: event.id }}
                  className="row-link min-w-0 basis-40 truncate font-medium hover:underline"
                >
                  {typeInWords(event)}
                </Link>
                <span className="min-w-0 flex-1 basis-48 text-muted-foreground">{verdictInWords(event)}</span>
                <Badge tone={TONES[event.status]}>{LABELS[event.status]}</Badge>
                <span className="ml-auto text-right text-muted-foreground sm:w-28">
                  <Time at={event.received_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
