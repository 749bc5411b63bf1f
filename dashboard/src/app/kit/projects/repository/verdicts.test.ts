import { expect, it } from "vitest";
import { verdictInWords } from "@/app/kit/projects/repository/verdicts";

it("is what was decided for the project, or else the result of the event", () => {
  const told = { verdict: { reason: "delivered" }, status: "processed", reason: null } as const;
  expect(verdictInWords(told)).toBe("Delivered");
  const off = { verdict: { reason: "webhooks_disabled" }, status: "processed", reason: null } as const;
  expect(verdictInWords(off)).toBe("Paused for this project");
  expect(verdictInWords({ ...told, status: "pending" })).toBe("Queued");
  expect(verdictInWords({ ...told, status: "failed", reason: "database_gone" })).toBe("database gone");
  expect(verdictInWords({ verdict: null, status: "ignored", reason: "not_linked" })).toBe("not linked");
  expect(verdictInWords({ verdict: null, status: "processed", reason: null })).toBe("");
});
