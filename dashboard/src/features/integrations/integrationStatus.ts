import { syncErrorInWords } from "@/features/catalog/syncErrors";
import type { Remedy, StatusInWords } from "@/features/remedies/remedy";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

/** Return whether GitHub is connected, including while it is suspended. */
export function isLive(integration: Integration): boolean {
  return integration.status === "active" || integration.status === "suspended";
}

/** Return the status of an integration in words, and the actions that help. */
export function integrationStatus(integration: Integration, organization: OrganizationOfUser): StatusInWords {
  const denial = denialReason("install", organization);
  const account = integration.account ?? "your account";
  switch (integration.status) {
    case "not_connected":
      return {
        tone: "neutral",
        badge: "Not connected",
        message: denial
          ? "Ask an owner or admin of this organization to connect GitHub."
          : "Connect GitHub to import repositories and receive their pushes and pull requests.",
        remedies: [installRemedy("Install on GitHub", denial), connectRemedy("Already installed? Connect", denial)],
      };
    case "pending":
      return {
        tone: "info",
        badge: "Waiting for approval",
        message:
          "An owner of the GitHub organization has to approve the app. The GitHub organization is then connected automatically. The request expires after 30 days.",
        remedies: [
          connectRemedy("Approved already? Connect", denial),
          installRemedy("Install on another account", denial),
        ],
      };
    case "suspended":
      return suspendedStatus(integration, account, denial);
    case "revoked":
      return {
        tone: "danger",
        badge: "Disconnected",
        message:
          integration.reason === "uninstalled_on_provider"
            ? `The app was uninstalled from ${account}. Reconnect to receive events again. Links and history are kept.`
            : "Reconnect to receive events again. Links and history are kept.",
        remedies: [connectRemedy("Reconnect GitHub", denial), installRemedy("Install on GitHub", denial)],
      };
    case "active":
      return activeStatus(integration, account);
  }
}

export function installRemedy(label: string, denialReason: string | null): Remedy {
  return { kind: "connect", label, mode: "new", denialReason };
}

export function connectRemedy(label: string, denialReason: string | null): Remedy {
  return { kind: "connect", label, mode: "existing", denialReason };
}

function suspendedStatus(integration: Integration, account: string, denial: string | null): StatusInWords {
  const tone = "warning" as const;
  if (integration.reason === "suspended_on_provider")
    return {
      tone,
      badge: "Suspended on GitHub",
      message: `The crewkit app is suspended on ${account}. Unsuspend it on GitHub to receive events and update repositories.`,
      remedies: [openSettings(integration, account, "Unsuspend on GitHub")],
    };
  return {
    tone,
    badge: "Access rejected",
    message: `GitHub is rejecting crewkit’s access to ${account}. We’ll keep trying. Check on GitHub whether the app is still installed. To try again now, reconnect GitHub.`,
    remedies: [connectRemedy("Reconnect GitHub", denial)],
  };
}

/** GitHub shows the settings of the app to others as a missing page. */
function openSettings(integration: Integration, account: string, label: string): Remedy {
  const requirement =
    integration.account_type === "User"
      ? `Only ${account} can open this page on GitHub.`
      : `Requires permission to manage ${account} on GitHub.`;
  return { kind: "open_settings", label, url: integration.manage_url, requirement };
}

function activeStatus(integration: Integration, account: string): StatusInWords {
  if (integration.reason === "permissions_missing")
    return {
      tone: "warning",
      badge: "Permissions needed",
      message: `The app needs permissions that ${account} hasn’t granted, so some features don’t work. Ask an owner of ${account} to accept the permissions on GitHub.`,
      remedies: [openSettings(integration, account, "Review on GitHub")],
    };
  if (integration.action)
    return {
      tone: "warning",
      badge: "Needs attention",
      message: integration.action.message,
      remedies: [openSettings(integration, account, "Open on GitHub")],
    };
  if (integration.sync?.state === "failed" || integration.sync?.error === "listing_incomplete")
    return {
      tone: "warning",
      badge: "Connected",
      message: `Connected to ${account}. ${syncErrorInWords(integration.sync.error)}`,
      remedies: [openSettings(integration, account, "Manage on GitHub")],
    };
  return {
    tone: "success",
    badge: "Connected",
    message: `Connected to ${account}. Pushes and pull requests are delivered to linked projects.`,
    remedies: [openSettings(integration, account, "Manage on GitHub")],
  };
}
