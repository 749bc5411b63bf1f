import { expect, it } from "vitest";
import { syncFailureInWords } from "@/lib/syncFailures";

it("reports an outage only if GitHub was unavailable", () => {
  const others = [
    "provider_rate_limited",
    "provider_permission_missing",
    "provider_app_refused",
    "installation_suspended",
    "listing_incomplete",
    "provider_answer_unreadable",
    "provider_ip_not_allowed",
    "internal",
    "__proto__",
    "constructor",
  ];
  expect(syncFailureInWords("provider_unavailable")).toContain("isn’t responding");
  for (const code of others) expect(syncFailureInWords(code), code).not.toContain("isn’t responding");
});

it("has a text for unknown codes and for none", () => {
  expect(syncFailureInWords("something_new")).toContain("couldn’t be loaded");
  expect(syncFailureInWords(null)).toContain("couldn’t be loaded");
});
