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

/** Say what a status means for who waits for something to happen. */
export const MEANINGS: Record<Status, string> = {
  pending: "It has been received and waits for its turn.",
  processed: "It has been dealt with.",
  failed: "It was tried several times in vain. Look at the reason, then retry it.",
  ignored: "Nothing here follows what it tells. Retry it once something does.",
  unrouted: "It belongs to no organization yet.",
};
