import type { Tone } from "@/components/ui/badge";
import type { Link } from "@/lib/api/types";

/** The action that helps: a page on GitHub, the GitHub page of the app, or a page of the dashboard. */
export type Help =
  | { kind: "visit"; words: string; url: string }
  | { kind: "adjust"; words: string }
  | { kind: "integrations"; words: string }
  | null;

export interface LinkStanding {
  tone: Tone;
  badge: string;
  /** Null if events are delivered. */
  sentence: string | null;
  help: Help;
}

/** Return the status of a link, its most important problem first, and the action that helps. */
export function linkStandingOf(link: Link): LinkStanding {
  switch (link.reason) {
    case "integration_revoked":
      return {
        tone: "danger",
        badge: "Disconnected",
        sentence:
          "GitHub is disconnected. Reconnect it to receive events again. The link and its history are kept.",
        help: { kind: "integrations", words: "Reconnect GitHub" },
      };
    case "integration_suspended":
      return suspended(link);
    case "repository_removed":
      return {
        tone: "warning",
        badge: "No access",
        sentence: `crewkit lost access to ${link.full_name}, or the repository was moved or deleted. Restore access, or link another repository. History is kept.`,
        help: { kind: "adjust", words: "Restore access on GitHub" },
      };
    case null:
      return reachable(link);
  }
}

function suspended(link: Link): LinkStanding {
  const url = link.action?.url ?? null;
  if (link.action?.code === "unsuspend_on_provider")
    return {
      tone: "warning",
      badge: "Suspended on GitHub",
      sentence: url
        ? "The crewkit app is suspended on GitHub. Unsuspend it on GitHub to receive events again."
        : "The crewkit app is suspended on GitHub. Only the owner of the GitHub account can unsuspend it.",
      help: url ? { kind: "visit", words: "Unsuspend on GitHub", url } : null,
    };
  return {
    tone: "warning",
    badge: "Access rejected",
    sentence:
      "GitHub is rejecting crewkit’s access. We’ll keep trying. Events that GitHub sends are still delivered.",
    help: { kind: "integrations", words: "View integration" },
  };
}

function reachable(link: Link): LinkStanding {
  if (link.archived)
    return {
      tone: "warning",
      badge: "Archived",
      sentence: `${link.full_name} is archived and can’t receive pushes. Unarchive it on GitHub, or link another repository.`,
      help: link.url ? { kind: "visit", words: "Open on GitHub", url: link.url } : null,
    };
  if (!link.webhooks_enabled)
    return {
      tone: "neutral",
      badge: "Paused",
      sentence: "This project receives no events. Turn on “Receive events” to resume.",
      help: null,
    };
  return { tone: "success", badge: "Linked", sentence: null, help: null };
}
