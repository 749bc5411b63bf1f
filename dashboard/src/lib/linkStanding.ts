import type { Tone } from "@/components/ui/badge";
import type { Link } from "@/lib/api/types";

/** The one thing that helps: a page of the provider's, its page of our app and back, or a page of ours. */
export type Help =
  | { kind: "visit"; words: string; url: string }
  | { kind: "adjust"; words: string }
  | { kind: "integrations"; words: string }
  | null;

export interface LinkStanding {
  tone: Tone;
  badge: string;
  /** Null where there is nothing to say. */
  sentence: string | null;
  help: Help;
}

/** Say how it stands with a project's repository, what stands in the way first, and the one thing that helps. */
export function linkStandingOf(link: Link): LinkStanding {
  switch (link.reason) {
    case "integration_revoked":
      return {
        tone: "danger",
        badge: "Disconnected",
        sentence:
          "GitHub is disconnected from this organization, so nothing reaches this project. Its link and history are kept, and work again once GitHub is connected.",
        help: { kind: "integrations", words: "Reconnect GitHub" },
      };
    case "integration_suspended":
      return suspended(link);
    case "repository_removed":
      return {
        tone: "warning",
        badge: "No access",
        sentence: `GitHub no longer shows us ${link.full_name}: our access to it was taken away, or it was moved to another account or deleted. The link and its history are kept.`,
        help: { kind: "adjust", words: "Give access on GitHub" },
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
      sentence:
        "An owner suspended our app on GitHub, so nothing reaches this project. Once it is resumed there, everything goes on by itself.",
      help: url ? { kind: "visit", words: "Resume it on GitHub", url } : null,
    };
  return {
    tone: "warning",
    badge: "Suspended",
    sentence:
      "GitHub refused our access several times. Pushes still reach this project as far as GitHub tells us of them; we go on trying.",
    help: { kind: "integrations", words: "See the integration" },
  };
}

function reachable(link: Link): LinkStanding {
  if (link.archived)
    return {
      tone: "warning",
      badge: "Archived",
      sentence: `${link.full_name} is archived on GitHub, so nothing can be pushed to it. Unarchive it there, or link another repository.`,
      help: link.url ? { kind: "visit", words: "Open it on GitHub", url: link.url } : null,
    };
  if (!link.webhooks_enabled)
    return {
      tone: "neutral",
      badge: "Paused",
      sentence: "Paused. This project receives no events.",
      help: null,
    };
  return { tone: "success", badge: "Linked", sentence: null, help: null };
}
