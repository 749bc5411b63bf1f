import { expect, it } from "vitest";
import { verdictInWords } from "@/app/kit/projects/repository/verdicts";

it("says what was decided for the project, and else what became of the event", () => {
  const told = { verdict: { reason: "delivered" }, status: "processed", reason: null } as const;
  expect(verdictInWords(told)).toBe("Told to this project");
  const off = { verdict: { reason: "webhooks_disabled" }, status: "processed", reason: null } as const;
  expect(verdictInWords(off)).toBe("Not told: webhooks were off");
  expect(verdictInWords({ ...told, status: "pending" })).toBe("Waits for its turn");
  expect(verdictInWords({ ...told, status: "failed", reason: "database_gone" })).toBe("database gone");
  expect(verdictInWords({ verdict: null, status: "ignored", reason: "not_linked" })).toBe("not linked");
  expect(verdictInWords({ verdict: null, status: "processed", reason: null })).toBe("");
});
