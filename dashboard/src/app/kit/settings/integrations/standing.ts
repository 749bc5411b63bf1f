import type { Tone } from "@/components/ui/badge";
import type { Integration, Role } from "@/lib/api/types";
import { refusal } from "@/lib/rights";
import { syncFailureInWords } from "@/lib/syncFailures";

/** The action that helps: start a connect flow, or open a page on GitHub. */
export type Deed =
  | { kind: "install"; words: string; mode: "new" | "existing"; refusal: string | null }
  /** `url` is null if the viewer cannot open the page. `who` names the people who can. */
  | { kind: "visit"; words: string; url: string | null; who: string }
  | null;

export interface Standing {
  tone: Tone;
  badge: string;
  sentence: string;
  deed: Deed;
  /** The second action, for example if the app is already installed on GitHub. */
  other?: Deed;
}

/** Return whether GitHub is connected, including while it is suspended. */
export function isLive(integration: Integration): boolean {
  return integration.status === "active" || integration.status === "suspended";
}

/** Return the status of an integration in words, and the action that helps. */
export function standingOf(integration: Integration, role: Role): Standing {
  const may = refusal("install", role);
  const install = (words: string): Deed => ({ kind: "install", words, mode: "new", refusal: may });
  const connect = (words: string): Deed => ({ kind: "install", words, mode: "existing", refusal: may });
  const account = integration.account ?? "your account";
  switch (integration.status) {
    case "not_connected":
      return {
        tone: "neutral",
        badge: "Not connected",
        sentence: may
          ? "Ask an owner or admin of this organization to connect GitHub."
          : "Connect GitHub to import repositories and receive their pushes and pull requests.",
        deed: install("Install on GitHub"),
        other: connect("Already installed? Connect"),
      };
    case "pending":
      return {
        tone: "info",
        badge: "Waiting for approval",
        sentence:
          "An owner of the GitHub organization has to approve the app. The GitHub organization is then connected automatically. The request expires after 30 days.",
        deed: connect("Approved already? Connect"),
        other: install("Install on another account"),
      };
    case "suspended":
      return suspended(integration, account, may);
    case "revoked":
      return {
        tone: "danger",
        badge: "Disconnected",
        sentence:
          integration.reason === "uninstalled_on_provider"
            ? `The app was uninstalled from ${account}. Reconnect to receive events again. Links and history are kept.`
            : "Reconnect to receive events again. Links and history are kept.",
        deed: connect("Reconnect GitHub"),
        other: install("Install on GitHub"),
      };
    case "active":
      return active(integration, account);
  }
}

function suspended(integration: Integration, account: string, may: string | null): Standing {
  const tone = "warning" as const;
  if (integration.reason === "suspended_on_provider")
    return {
      tone,
      badge: "Suspended on GitHub",
      sentence: `The crewkit app is suspended on ${account}. Unsuspend it on GitHub to receive events and update repositories.`,
      deed: visit(integration, account, "Unsuspend on GitHub"),
    };
  return {
    tone,
    badge: "Access rejected",
    sentence: `GitHub is rejecting crewkit’s access to ${account}. We’ll keep trying. Check on GitHub whether the app is still installed. To try again now, reconnect GitHub.`,
    deed: { kind: "install", words: "Reconnect GitHub", mode: "existing", refusal: may },
  };
}

/** GitHub shows the settings of the app to others as a missing page. */
function visit(integration: Integration, account: string, words: string): Deed {
  const who =
    integration.account_type === "User"
      ? `Only ${account} can open this page on GitHub.`
      : `Requires permission to manage ${account} on GitHub.`;
  return { kind: "visit", words, url: integration.manage_url, who };
}

function active(integration: Integration, account: string): Standing {
  if (integration.reason === "permissions_missing")
    return {
      tone: "warning",
      badge: "Permissions needed",
      sentence: `The app needs permissions that ${account} hasn’t granted, so some features don’t work. Ask an owner of ${account} to accept the permissions on GitHub.`,
      deed: visit(integration, account, "Review on GitHub"),
    };
  if (integration.action)
    return {
      tone: "warning",
      badge: "Needs attention",
      sentence: integration.action.message,
      deed: visit(integration, account, "Open on GitHub"),
    };
  if (integration.sync?.state === "failed" || integration.sync?.error === "listing_incomplete")
    return {
      tone: "warning",
      badge: "Connected",
      sentence: `Connected to ${account}. ${syncFailureInWords(integration.sync.error)}`,
      deed: visit(integration, account, "Manage on GitHub"),
    };
  return {
    tone: "success",
    badge: "Connected",
    sentence: `Connected to ${account}. Pushes and pull requests are delivered to linked projects.`,
    deed: visit(integration, account, "Manage on GitHub"),
  };
}
