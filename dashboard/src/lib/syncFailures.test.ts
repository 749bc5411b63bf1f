import { expect, it } from "vitest";
import { syncFailureInWords } from "@/lib/syncFailures";

it("blames GitHub's availability only where GitHub was not available", () => {
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

it("has honest words for a code it does not know, and for none", () => {
  expect(syncFailureInWords("something_new")).toContain("couldn’t be loaded");
  expect(syncFailureInWords(null)).toContain("couldn’t be loaded");
});
