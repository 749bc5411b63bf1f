import type { StatusInWords } from "@/features/remedies/remedy";
import type { Link } from "@/lib/api/types";

/** Return the status of a link, its most important problem first, and the action that helps. */
export function linkStatus(link: Link): StatusInWords {
  switch (link.reason) {
    case "integration_revoked":
      return {
        tone: "danger",
        badge: "Disconnected",
        message: "GitHub is disconnected. Reconnect it to receive events again. The link and its history are kept.",
        remedies: [{ kind: "view_integration", label: "Reconnect GitHub" }],
      };
    case "integration_suspended":
      return suspendedStatus(link);
    case "repository_removed":
      return {
        tone: "warning",
        badge: "No access",
        message: `crewkit lost access to ${link.full_name}, or the repository was moved or deleted. Restore access, or link another repository. History is kept.`,
        remedies: [{ kind: "adjust_access", label: "Restore access on GitHub" }],
      };
    case null:
      return reachableStatus(link);
  }
}

function suspendedStatus(link: Link): StatusInWords {
  const url = link.action?.url ?? null;
  if (link.action?.code === "unsuspend_on_provider")
    return {
      tone: "warning",
      badge: "Suspended on GitHub",
      message: url
        ? "The crewkit app is suspendedStatus on GitHub. Unsuspend it on GitHub to receive events again."
        : "The crewkit app is suspendedStatus on GitHub. Only the owner of the GitHub account can unsuspend it.",
      remedies: url ? [{ kind: "open_page", label: "Unsuspend on GitHub", url }] : [],
    };
  return {
    tone: "warning",
    badge: "Access rejected",
    message: "GitHub is rejecting crewkit’s access. We’ll keep trying. Events that GitHub sends are still delivered.",
    remedies: [{ kind: "view_integration", label: "View integration" }],
  };
}

function reachableStatus(link: Link): StatusInWords {
  if (link.archived)
    return {
      tone: "warning",
      badge: "Archived",
      message: `${link.full_name} is archived and can’t receive pushes. Unarchive it on GitHub, or link another repository.`,
      remedies: link.url ? [{ kind: "open_page", label: "Open on GitHub", url: link.url }] : [],
    };
  if (!link.webhooks_enabled)
    return {
      tone: "neutral",
      badge: "Paused",
      message: "This project receives no events. Turn on “Receive events” to resume.",
      remedies: [],
    };
  return { tone: "success", badge: "Linked", message: null, remedies: [] };
}
