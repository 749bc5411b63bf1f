import { describe, expect, it } from "vitest";
import type { Link } from "@/lib/api/types";
import { linkStandingOf } from "@/lib/linkStanding";

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
  settings: { root_directory: null },
  reachable: true,
  reason: null,
  action: null,
  created_at: "2026-11-23T12:00:00Z",
  updated_at: "2026-11-23T12:00:00Z",
  successor: null,
};
const there = { code: "unsuspend_on_provider", message: "", url: "https://github.example/settings" } as const;

describe("the status of a link", () => {
  it("is linked while events are delivered", () => {
    expect(linkStandingOf(link)).toMatchObject({ tone: "success", sentence: null, help: null });
  });

  it("has its own badge and action for each problem", () => {
    const ways = [
      { ...link, reachable: false, reason: "repository_removed" },
      { ...link, reachable: false, reason: "integration_suspended", action: there },
      { ...link, reachable: false, reason: "integration_suspended" },
      { ...link, reachable: false, reason: "integration_revoked" },
      { ...link, archived: true },
      { ...link, webhooks_enabled: false },
    ] as const;
    const standings = ways.map(linkStandingOf);
    expect(new Set(standings.map((one) => one.badge)).size).toBe(ways.length);
    expect(standings.map((one) => one.help?.kind)).toEqual([
      "adjust",
      "visit",
      "integrations",
      "integrations",
      "visit",
      undefined,
    ]);
    for (const one of standings) expect(one.sentence).toBeTruthy();
  });

  it("names who can unsuspend the app if the viewer cannot", () => {
    const suspended = { ...link, reachable: false, reason: "integration_suspended" } as const;
    const forOthers = linkStandingOf({ ...suspended, action: { ...there, url: null } });
    expect(forOthers).toMatchObject({
      badge: "Suspended on GitHub",
      sentence: expect.stringContaining("Only the owner of the GitHub account can unsuspend it"),
      help: null,
    });
    expect(linkStandingOf({ ...suspended, action: there }).sentence).toContain("Unsuspend it on GitHub");
  });

  it("shows the most important problem", () => {
    const both = { ...link, archived: true, reachable: false, reason: "integration_revoked" } as const;
    expect(linkStandingOf(both).badge).toBe("Disconnected");
  });
});
