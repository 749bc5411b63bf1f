import { isLive, type Standing, standingOf } from "@/app/kit/settings/integrations/standing";
import type { Integration, Role } from "@/lib/api/types";
import { refusedInWords } from "@/lib/refusals";
import { refusal } from "@/lib/rights";

/** Return whether an attempt failed because another organization is connected to the account. */
export function isElsewhere(integration: Integration, refused?: string): boolean {
  return refused === "installation_bound_elsewhere" && !isLive(integration);
}

/** Return the status of an integration after a connect attempt that may have failed. */
export function standingAfter(
  integration: Integration,
  role: Role,
  refused: string | undefined,
  account: string | undefined,
): Standing {
  if (!refused || !isElsewhere(integration, refused)) return standingOf(integration, role);
  const reason = refusal("install", role);
  return {
    tone: "warning",
    badge: "Connected elsewhere",
    sentence: refusedInWords(refused, account),
    // Opens GitHub’s page: a person with only this one account would fail here again and again.
    deed: { kind: "install", words: "Choose another account", mode: "new", refusal: reason },
    other: { kind: "install", words: "Already installed? Connect", mode: "existing", refusal: reason },
  };
}
