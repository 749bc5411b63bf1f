import { expect, it } from "vitest";
import { connectErrorInWords } from "@/features/integrations/connectErrors";

it("names the account, with the case of the words that it replaces", () => {
  expect(connectErrorInWords("provider_account_taken", "mara")).toContain("The GitHub account mara is connected");
  expect(connectErrorInWords("installation_suspended", "acme")).toContain("on the GitHub account acme. Unsuspend");
  expect(connectErrorInWords("flow_used", "acme")).not.toContain("acme");
});
