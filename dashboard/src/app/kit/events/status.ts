import type { Tone } from "@/components/ui/badge";
import type { WebhookEvent } from "@/lib/api/types";

export type Status = WebhookEvent["status"];

export const STATUSES: readonly Status[] = ["pending", "processed", "failed", "ignored"];

export const TONES: Record<Status, Tone> = {
  pending: "info",
  processed: "success",
  failed: "danger",
  ignored: "neutral",
  unrouted: "warning",
};

/** What each status means, and what to do. */
export const MEANINGS: Record<Status, string> = {
  pending: "Received, waiting to be processed.",
  processed: "Processed.",
  failed: "Processing failed. Fix the cause, then retry.",
  ignored: "No project needed this. Link the repository, then retry.",
  unrouted: "The GitHub account isn’t connected yet.",
};
