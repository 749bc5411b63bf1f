import type { Tone } from "@/components/ui/badge";
import type { Integration, Role } from "@/lib/api/types";
import { refusedInWords } from "@/lib/refusals";
import { refusal } from "@/lib/rights";
import { syncFailureInWords } from "@/lib/syncFailures";

/** What one can do about where an integration stands. */
export type Deed =
  | { kind: "install"; words: string; mode: "new" | "existing"; refusal: string | null }
  | { kind: "visit"; words: string; url: string }
  | null;

export interface Standing {
  tone: Tone;
  badge: string;
  sentence: string;
  deed: Deed;
  /** The second action, for example if the app is installed on GitHub already. */
  other?: Deed;
}

/** Tell whether it is connected, be it that nothing comes of it just now. */
export function isLive(integration: Integration): boolean {
  return integration.status === "active" || integration.status === "suspended";
}

/** Tell whether a flow was refused because another organization is connected to the account, and nothing is here. */
export function isElsewhere(integration: Integration, refused?: string): boolean {
  return refused === "installation_bound_elsewhere" && !isLive(integration);
}

/** Say in one sentence where an integration stands, and the one thing that helps; a flow may have been refused. */
export function standingOf(
  integration: Integration,
  role: Role,
  refused?: string,
  refusedAccount?: string,
): Standing {
  const may = refusal("install", role);
  const install = (words: string): Deed => ({ kind: "install", words, mode: "new", refusal: may });
  const connect = (words: string): Deed => ({ kind: "install", words, mode: "existing", refusal: may });
  const account = integration.account ?? "your account";
  if (refused && isElsewhere(integration, refused))
    return {
      tone: "warning",
      badge: "Connected elsewhere",
      sentence: refusedInWords(refused, refusedAccount),
      // On GitHub's page: a person with this one account only would be refused here again and again.
      deed: install("Choose another account"),
      other: connect("Already installed? Connect"),
    };
  switch (integration.status) {
    case "not_connected":
      return {
        tone: "neutral",
        badge: "Not connected",
        sentence: may
          ? "GitHub is not connected yet. An owner or admin of this organization can connect it."
          : "Connect GitHub to import repositories and to follow every push and pull request.",
        deed: install("Install on GitHub"),
        other: connect("Already installed? Connect"),
      };
    case "pending":
      return {
        tone: "info",
        badge: "Waiting for approval",
        sentence:
          "An owner of the GitHub organization has been asked to approve the app. This page changes when they do.",
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
            ? `The app was uninstalled from ${account}. Links and history are kept, and work again once it is back.`
            : "GitHub was disconnected here. Links and history are kept, and work again once it is back.",
        deed: connect("Reconnect GitHub"),
        other: install("Install on GitHub"),
      };
    case "active":
      return active(integration, account);
  }
}

function suspended(integration: Integration, account: string, may: string | null): Standing {
  const tone = "warning" as const;
  if (integration.reason === "suspended_on_provider" && integration.manage_url)
    return {
      tone,
      badge: "Suspended on GitHub",
      sentence: `An owner of ${account} suspended the app on GitHub: nothing is read until it is resumed there.`,
      deed: { kind: "visit", words: "Resume it on GitHub", url: integration.manage_url },
    };
  return {
    tone,
    badge: "Suspended",
    sentence:
      "GitHub refused our access several times. We try again by ourselves; reconnecting helps at once.",
    deed: { kind: "install", words: "Reconnect GitHub", mode: "existing", refusal: may },
  };
}

function active(integration: Integration, account: string): Standing {
  const visit = (words: string): Deed =>
    integration.manage_url ? { kind: "visit", words, url: integration.manage_url } : null;
  if (integration.reason === "permissions_missing")
    return {
      tone: "warning",
      badge: "Permissions needed",
      sentence: `The app needs permissions that ${account} has not granted yet. An owner of it accepts them on GitHub; until then some of it does not work.`,
      deed: visit("Review on GitHub"),
    };
  if (integration.action)
    return {
      tone: "warning",
      badge: "Needs attention",
      sentence: integration.action.message,
      deed: visit("Open on GitHub"),
    };
  if (integration.sync?.state === "failed" || integration.sync?.error === "listing_incomplete")
    return {
      tone: "warning",
      badge: "Connected",
      sentence: `Connected to ${account}. ${syncFailureInWords(integration.sync.error)}`,
      deed: visit("Manage on GitHub"),
    };
  return {
    tone: "success",
    badge: "Connected",
    sentence: `Connected to ${account}: pushes and pull requests reach their projects.`,
    deed: visit("Manage on GitHub"),
  };
}
