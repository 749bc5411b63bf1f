import { expect, it } from "vitest";
import { verdictInWords } from "@/features/links/verdicts";

it("is the result for the project, or else the result of the event", () => {
  const delivered = { verdict: { reason: "delivered" }, status: "processed", reason: null } as const;
  expect(verdictInWords(delivered)).toBe("Delivered");
  const paused = { verdict: { reason: "webhooks_disabled" }, status: "processed", reason: null } as const;
  expect(verdictInWords(paused)).toBe("Events are paused");
  expect(verdictInWords({ ...delivered, status: "pending" })).toBe("Pending");
  expect(verdictInWords({ ...delivered, status: "failed", reason: "database_gone" })).toBe("Database gone");
  expect(verdictInWords({ verdict: null, status: "ignored", reason: "not_linked" })).toBe("Not linked");
  expect(verdictInWords({ verdict: null, status: "processed", reason: null })).toBe("");
});
