import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Skeleton } from "@/components/ui/skeleton";
import { reasonInWords, toLabel, typeInWords } from "@/features/events/reasons";
import { LABELS, MEANINGS, TONES } from "@/features/events/status";
import { useLinkedProjects } from "@/features/projects/useProjects";
import { api, fetchBody } from "@/lib/api/client";
import type { OrganizationOfUser } from "@/lib/api/types";
import { counted } from "@/lib/count";
import { notify } from "@/lib/notices";
import { denialReason } from "@/lib/permissions";

const ABSENCES = {
  damaged: "The stored payload is damaged and can’t be shown. Contact your crewkit operator.",
  expired: "The payload was deleted after its retention period. The event’s results are kept.",
} as const;

const SOURCES = new Map([
  ["recovered", "Recovered from GitHub’s delivery log"],
  ["replayed", "Sent by an operator"],
]);

// A retry usually ends within milliseconds. A longer one is polled less and less often.
const POLL_DELAYS_MS = [500, 1000, 2000, 3000, 5000];

/** One webhook event: its result for each project, its attempts, and its payload. */
export function EventDialog({
  organization,
  id,
  onClose,
}: {
  organization: OrganizationOfUser;
  id: string;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const path = { org_id: organization.id, event_id: id };
  const polls = useRef(0);
  const query = useQuery({
    queryKey: ["events", organization.id, "detail", id],
    queryFn: ({ signal }) =>
      fetchBody(api.GET("/api/v1/{org_id}/git-webhook-events/{event_id}", { params: { path }, signal })),
    refetchInterval: ({ state }) => {
      if (state.data?.status !== "pending") return false;
      return POLL_DELAYS_MS[Math.min(polls.current, POLL_DELAYS_MS.length - 1)] ?? false;
    },
  });
  const status = query.data?.status;
  const lastStatus = useRef(status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts responses, and the time changes with each
  useEffect(() => {
    polls.current = status === "pending" ? polls.current + 1 : 0;
  }, [status, query.dataUpdatedAt]);
  useEffect(() => {
    // The stream has no event for a failure, so the lists are refreshed from here.
    if (lastStatus.current === "pending" && status !== "pending")
      client.invalidateQueries({
        queryKey: ["events", organization.id],
        predicate: ({ queryKey }) => queryKey[2] !== "detail",
      });
    lastStatus.current = status;
  }, [status, client, organization.id]);
  const retry = useMutation({
    mutationFn: () => fetchBody(api.POST("/api/v1/{org_id}/git-webhook-events/{event_id}/retry", { params: { path } })),
    onSuccess: async () => {
      notify("Retry queued");
      await client.invalidateQueries({ queryKey: ["events", organization.id] });
    },
  });
  const event = query.data;
  const { data: linked } = useLinkedProjects(organization.id);
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent place="right" title={event ? typeInWords(event) : "Event"} description={id}>
        {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
        {!event && !query.error && <Skeleton className="h-64 w-full" />}
        {event && (
          <div className="space-y-5 text-sm">
            <div className="flex flex-wrap items-center gap-2">
              <Badge tone={TONES[event.status]}>{LABELS[event.status]}</Badge>
              <span>{MEANINGS[event.status]}</span>
            </div>
            {event.reason && <ReasonText reason={event.reason} />}
            <p className="text-muted-foreground">
              Received <Time at={event.received_at} />
              {event.attempts > 0 && ` · ${counted(event.attempts, "attempt")}`}
              {SOURCES.has(event.source) && ` · ${SOURCES.get(event.source)}`}
            </p>
            {event.verdicts.length > 0 && (
              <ul aria-label="Results" className="divide-y rounded-lg border">
                {event.verdicts.map((verdict) => (
                  <li key={`${verdict.subject}-${verdict.subject_id}`} className="flex justify-between gap-3 px-3 py-2">
                    <span>
                      {linked?.projects.find(({ id }) => id === verdict.project_id)?.name ??
                        (verdict.project_id ? "Project" : toLabel(verdict.subject))}
                    </span>
                    <span className="text-muted-foreground">{reasonInWords(verdict.reason).text}</span>
                    <Badge tone={verdict.outcome === "processed" ? "success" : "neutral"}>
                      {LABELS[verdict.outcome]}
                    </Badge>
                  </li>
                ))}
              </ul>
            )}
            {(event.status === "failed" || event.status === "ignored") && (
              <WithReason reason={denialReason("retry", organization)}>
                <Button disabled={retry.isPending} onClick={() => retry.mutate()}>
                  {retry.isPending ? "Retrying…" : "Retry"}
                </Button>
              </WithReason>
            )}
            {retry.error && <ProblemAlert error={retry.error} />}
            <h3 className="font-medium">Payload</h3>
            {event.payload_absence ? (
              <p className="text-muted-foreground">
                {event.payload_absence === "not_permitted"
                  ? denialReason("read_payload", organization)
                  : ABSENCES[event.payload_absence]}
              </p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be focusable.
              <pre tabIndex={0} className="max-h-96 overflow-auto rounded-lg bg-muted p-3 text-xs">
                {JSON.stringify(event.payload, null, 2)}
              </pre>
            )}
          </div>
        )}
      </DialogContent>
    </Dialog>
  );
}

function ReasonText({ reason }: { reason: string }) {
  const { text, code } = reasonInWords(reason);
  return (
    <div>
      <p>{text}</p>
      {code && <p className="text-xs break-all text-muted-foreground">Code {code}</p>}
    </div>
  );
}
