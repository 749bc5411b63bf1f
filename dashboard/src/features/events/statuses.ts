import type { WebhookEvent } from "@/lib/api/types";

/** The statuses that an event of an organization can have. */
export const STATUSES: readonly WebhookEvent["status"][] = ["pending", "processed", "failed", "ignored"];
