import { describe, expect, it } from "vitest";
import { linkStatus } from "@/features/links/linkStatus";
import type { Link } from "@/lib/api/types";

const link: Link = {
  id: "1",
  project_id: "2",
  provider: "github",
  repo_id: "3",
  full_name: "acme/widgets",
  previous_full_name: null,
  url: "https://github.example/acme/widgets",
  archived: false,
  default_branch: "main",
  webhooks_enabled: true,
  settings: {
    root_directory: null,
    rules: {
      events: ["push", "pull_request"],
      branches: [],
      tags: [],
      paths: null,
      pull_requests: { base_branches: [], drafts: true, forks: "deliver" },
      bots: "deliver",
      skip_markers: true,
    },
  },
  reachable: true,
  reason: null,
  action: null,
  created_at: "2026-11-23T12:00:00Z",
  updated_at: "2026-11-23T12:00:00Z",
  successor: null,
};
const unsuspend = { code: "unsuspend_on_provider", message: "", url: "https://github.example/settings" } as const;

describe("the status of a link", () => {
  it("is linked while events are delivered", () => {
    expect(linkStatus(link)).toMatchObject({ tone: "success", message: null, remedies: [] });
  });

  it("has its own badge and action for each problem", () => {
    const links = [
      { ...link, reachable: false, reason: "repository_removed" },
      { ...link, reachable: false, reason: "integration_suspended", action: unsuspend },
      { ...link, reachable: false, reason: "integration_suspended" },
      { ...link, reachable: false, reason: "integration_revoked" },
      { ...link, archived: true },
      { ...link, webhooks_enabled: false },
    ] as const;
    const statuses = links.map(linkStatus);
    expect(new Set(statuses.map((status) => status.badge)).size).toBe(links.length);
    expect(statuses.map((status) => status.remedies[0]?.kind)).toEqual([
      "adjust_access",
      "open_page",
      "view_integration",
      "view_integration",
      "open_page",
      undefined,
    ]);
    for (const status of statuses) expect(status.message).toBeTruthy();
  });

  it("names who can unsuspend the app if the viewer cannot", () => {
    const suspended = { ...link, reachable: false, reason: "integration_suspended" } as const;
    const forOthers = linkStatus({ ...suspended, action: { ...unsuspend, url: null } });
    expect(forOthers).toMatchObject({
      badge: "Suspended on GitHub",
      message: expect.stringContaining("Only the owner of the GitHub account can unsuspend it"),
      remedies: [],
    });
    expect(linkStatus({ ...suspended, action: unsuspend }).message).toContain("Unsuspend it on GitHub");
  });

  it("shows the most important problem", () => {
    const both = { ...link, archived: true, reachable: false, reason: "integration_revoked" } as const;
    expect(linkStatus(both).badge).toBe("Disconnected");
  });
});
