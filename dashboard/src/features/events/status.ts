import type { Tone } from "@/components/ui/badge";
import type { WebhookEvent } from "@/lib/api/types";

export type Status = WebhookEvent["status"];

export const TONES: Record<Status, Tone> = {
  pending: "info",
  processed: "success",
  failed: "danger",
  ignored: "neutral",
  unrouted: "warning",
};

/** The label of each status. */
export const LABELS: Record<Status, string> = {
  pending: "Pending",
  processed: "Processed",
  failed: "Failed",
  ignored: "Ignored",
  unrouted: "Unrouted",
};

/** What each status means, and what to do. */
export const MEANINGS: Record<Status, string> = {
  pending: "Received and waiting to be processed.",
  processed: "Processed successfully.",
  failed: "Processing failed. See the reason and fix the cause. Then retry the event.",
  ignored:
    "The event changed nothing. The reason says why. If no project was linked to the repository, link one and retry the event. If a project’s events were paused, resume them and retry the event.",
  unrouted: "The event’s GitHub account isn’t connected. Connect the account to process the event.",
};
