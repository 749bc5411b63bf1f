import type { Verdict, WebhookEvent } from "@/lib/api/types";

const WORDS: Record<string, string> = {
  delivered: "Delivered",
  webhooks_disabled: "Paused for this project",
};

/** Return the result of an event for a project, or the event's own result if the project has none. */
export function verdictInWords({
  verdict,
  status,
  reason,
}: Pick<WebhookEvent, "status" | "reason"> & { verdict: Pick<Verdict, "reason"> | null }): string {
  if (status === "pending") return "Queued";
  const code = status === "failed" ? reason : (verdict?.reason ?? reason);
  if (!code) return "";
  return WORDS[code] ?? code.replaceAll("_", " ");
}
