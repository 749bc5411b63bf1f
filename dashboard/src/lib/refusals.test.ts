import { expect, it } from "vitest";
import { refusedInWords } from "@/lib/refusals";

it("names the account, with the case of the words that it replaces", () => {
  expect(refusedInWords("provider_account_taken", "mara")).toContain("The GitHub account mara is connected");
  expect(refusedInWords("installation_suspended", "acme")).toContain("on the GitHub account acme. Unsuspend");
  expect(refusedInWords("flow_used", "acme")).not.toContain("acme");
});
