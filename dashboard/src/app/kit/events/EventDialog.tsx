import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { MEANINGS, TONES } from "@/app/kit/events/status";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Skeleton } from "@/components/ui/skeleton";
import { answerOf, api } from "@/lib/api/client";
import type { OrganizationOfUser } from "@/lib/api/types";
import { counted } from "@/lib/count";
import { notify } from "@/lib/notices";
import { refusal } from "@/lib/rights";

const ABSENT = {
  damaged: "The payload is kept, but cannot be read any more.",
  expired: "The payload is no longer kept; what came of it is.",
  not_permitted: "Only an owner or admin may see payloads.",
} as const;

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
    queryKey: ["events", organization.id, "one", id],
    queryFn: ({ signal }) =>
      answerOf(api.GET("/api/v1/{org_id}/git-webhook-events/{event_id}", { params: { path }, signal })),
    refetchInterval: ({ state }) => {
      if (state.data?.status !== "pending") return false;
      return POLL_DELAYS_MS[Math.min(polls.current, POLL_DELAYS_MS.length - 1)] ?? false;
    },
  });
  const status = query.data?.status;
  const lastStatus = useRef(status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts the responses, which the time marks
  useEffect(() => {
    polls.current = status === "pending" ? polls.current + 1 : 0;
  }, [status, query.dataUpdatedAt]);
  useEffect(() => {
    // No domain event reports a failure, so the lists learn the result of a retry from here.
    if (lastStatus.current === "pending" && status !== "pending")
      client.invalidateQueries({
        queryKey: ["events", organization.id],
        predicate: ({ queryKey }) => queryKey[2] !== "one",
      });
    lastStatus.current = status;
  }, [status, client, organization.id]);
  const retry = useMutation({
    mutationFn: () =>
      answerOf(api.POST("/api/v1/{org_id}/git-webhook-events/{event_id}/retry", { params: { path } })),
    onSuccess: async () => {
      notify("Retry queued.");
      await client.invalidateQueries({ queryKey: ["events", organization.id] });
    },
  });
  const event = query.data;
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent place="right" title={event ? event.event : "Event"} description={id}>
        {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
        {!event && !query.error && <Skeleton className="h-64 w-full" />}
        {event && (
          <div className="space-y-5 text-sm">
            <div className="flex flex-wrap items-center gap-2">
              <Badge tone={TONES[event.status]}>{event.status}</Badge>
              <span>{MEANINGS[event.status]}</span>
            </div>
            {event.reason && <p>Reason: {event.reason}</p>}
            <p className="text-muted-foreground">
              Received <Time at={event.received_at} />
              {event.attempts > 0 && ` · ${counted(event.attempts, "attempt")}`} ({event.source})
            </p>
            {event.verdicts.length > 0 && (
              <ul aria-label="Verdicts" className="divide-y rounded-lg border">
                {event.verdicts.map((one) => (
                  <li
                    key={`${one.subject}-${one.subject_id}`}
                    className="flex justify-between gap-3 px-3 py-2"
                  >
                    <span>{one.subject}</span>
                    <span className="text-muted-foreground">{one.reason}</span>
                    <Badge tone={one.outcome === "processed" ? "success" : "neutral"}>{one.outcome}</Badge>
                  </li>
                ))}
              </ul>
            )}
            {(event.status === "failed" || event.status === "ignored") && (
              <WithReason reason={refusal("retry", organization.role)}>
                <Button disabled={retry.isPending} onClick={() => retry.mutate()}>
                  {retry.isPending ? "Retrying…" : "Retry"}
                </Button>
              </WithReason>
            )}
            {retry.error && <ProblemAlert error={retry.error} />}
            <h3 className="font-medium">Payload</h3>
            {event.payload_absence ? (
              <p className="text-muted-foreground">{ABSENT[event.payload_absence]}</p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
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
