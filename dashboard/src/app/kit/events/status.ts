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
  unrouted: "Unassigned",
};

/** What each status means, and what to do. */
export const MEANINGS: Record<Status, string> = {
  pending: "Received, waiting to be processed.",
  processed: "Processed successfully.",
  failed: "Processing failed. Fix the cause, then retry.",
  ignored: "No linked project needs this event. If you link its repository later, retry the event.",
  unrouted: "The GitHub account isn’t connected yet.",
};
