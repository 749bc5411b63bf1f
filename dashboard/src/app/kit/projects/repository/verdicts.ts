import type { Verdict, WebhookEvent } from "@/lib/api/types";

const WORDS: Record<string, string> = {
  delivered: "Told to this project",
  webhooks_disabled: "Not told: webhooks were off",
};

/** Say what was decided for a project about an event, or what became of it where nothing was. */
export function verdictInWords({
  verdict,
  status,
  reason,
}: Pick<WebhookEvent, "status" | "reason"> & { verdict: Pick<Verdict, "reason"> | null }): string {
  if (status === "pending") return "Waits for its turn";
  const said = status === "failed" ? reason : (verdict?.reason ?? reason);
  if (!said) return "";
  return WORDS[said] ?? said.replaceAll("_", " ");
}
