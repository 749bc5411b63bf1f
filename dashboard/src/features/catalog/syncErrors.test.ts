import { expect, it } from "vitest";
import { syncErrorInWords } from "@/features/catalog/syncErrors";

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
  expect(syncErrorInWords("provider_unavailable")).toContain("isn’t responding");
  for (const code of others) expect(syncErrorInWords(code), code).not.toContain("isn’t responding");
});

it("has a text for unknown codes and for none", () => {
  expect(syncErrorInWords("something_new")).toContain("couldn’t be loaded");
  expect(syncErrorInWords(null)).toContain("couldn’t be loaded");
});
