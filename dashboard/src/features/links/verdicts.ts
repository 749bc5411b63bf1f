import { reasonInWords } from "@/features/events/reasons";
import { LABELS } from "@/features/events/status";
import type { Verdict, WebhookEvent } from "@/lib/api/types";

/** Return the result of an event for a project, or the result of the event if the project has none. */
export function verdictInWords({
  verdict,
  status,
  reason,
}: Pick<WebhookEvent, "status" | "reason"> & { verdict: Pick<Verdict, "reason"> | null }): string {
  if (status === "pending") return LABELS.pending;
  const code = status === "failed" ? reason : (verdict?.reason ?? reason);
  return code ? reasonInWords(code).text : "";
}
