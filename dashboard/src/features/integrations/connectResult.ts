import { connectErrorInWords } from "@/features/integrations/connectErrors";
import { connectRemedy, installRemedy, integrationStatus, isLive } from "@/features/integrations/integrationStatus";
import type { StatusInWords } from "@/features/remedies/remedy";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

/** Return whether a connect attempt failed because another organization is connected to the account. */
export function isConnectedElsewhere(integration: Integration, errorCode?: string): boolean {
  return errorCode === "installation_bound_elsewhere" && !isLive(integration);
}

/** Return the status of an integration after a connect attempt that may have failed with an error code. */
export function statusAfterConnecting(
  integration: Integration,
  organization: OrganizationOfUser,
  errorCode: string | undefined,
  account: string | undefined,
): StatusInWords {
  if (!errorCode || !isConnectedElsewhere(integration, errorCode)) return integrationStatus(integration, organization);
  const denial = denialReason("install", organization);
  return {
    tone: "warning",
    badge: "Connected elsewhere",
    message: connectErrorInWords(errorCode, account),
    // The first button opens GitHub’s page: connecting the only visible account would fail here again.
    remedies: [installRemedy("Choose another account", denial), connectRemedy("Already installed? Connect", denial)],
  };
}
