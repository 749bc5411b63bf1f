import { describe, expect, it } from "vitest";
import { standingAfter } from "@/app/kit/settings/integrations/elsewhere";
import { standingOf } from "@/app/kit/settings/integrations/standing";
import type { Integration } from "@/lib/api/types";

const connected: Integration = {
  provider: "github",
  status: "active",
  reason: null,
  action: null,
  id: "1",
  installation_id: "2",
  account: "acme",
  account_type: "Organization",
  account_url: null,
  manage_url: "https://github.example/settings",
  repository_selection: "selected",
  permissions: {},
  connected_at: null,
  status_changed_at: null,
  pending_until: null,
  sync: null,
};
const idle = {
  state: "idle",
  synced_at: null,
  age_seconds: 1,
  requested_at: null,
  error: null,
  retry_at: null,
} as const;

describe("the status of an integration", () => {
  it("offers an admin to connect, and names who can to a member", () => {
    const nothing: Integration = { ...connected, status: "not_connected" };
    expect(standingOf(nothing, "admin").deed).toMatchObject({ mode: "new", refusal: null });
    // If the app is installed already, GitHub’s install page never returns here.
    expect(standingOf(nothing, "admin").other).toMatchObject({
      words: "Already installed? Connect",
      mode: "existing",
      refusal: null,
    });
    expect(standingOf(nothing, "member").deed).toMatchObject({
      refusal: expect.stringContaining("owners and admins"),
    });
    expect(standingOf(nothing, "member").sentence).toContain("an owner or admin");
  });

  it("reconnects with the existing installation after an uninstall or a disconnect", () => {
    for (const reason of ["uninstalled_on_provider", "disconnected"]) {
      const gone: Integration = { ...connected, status: "revoked", reason };
      expect(standingOf(gone, "owner").deed).toMatchObject({ kind: "install", mode: "existing" });
    }
  });

  it("distinguishes a suspension on GitHub from rejected access", () => {
    const suspended: Integration = { ...connected, status: "suspended", reason: "suspended_on_provider" };
    const rejected: Integration = { ...connected, status: "suspended", reason: "token_refused" };
    expect(standingOf(suspended, "owner").deed).toMatchObject({ kind: "visit" });
    expect(standingOf(rejected, "owner").deed).toMatchObject({ kind: "install" });
    expect(standingOf(suspended, "owner").badge).not.toBe(standingOf(rejected, "owner").badge);
  });

  it("names who can open the settings on GitHub, and links only for a viewer who may be able to", () => {
    const url = connected.manage_url;
    expect(standingOf(connected, "owner").deed).toMatchObject({
      kind: "visit",
      url,
      who: "Requires permission to manage acme on GitHub.",
    });
    const personal: Integration = { ...connected, account_type: "User", account: "lena" };
    const who = "Only lena can open this page on GitHub.";
    expect(standingOf(personal, "owner").deed).toMatchObject({ url, who });
    const others: Integration = { ...personal, manage_url: null };
    expect(standingOf(others, "owner").deed).toMatchObject({ words: "Manage on GitHub", url: null, who });
    const suspended: Integration = { ...others, status: "suspended", reason: "suspended_on_provider" };
    expect(standingOf(suspended, "owner")).toMatchObject({
      badge: "Suspended on GitHub",
      deed: { words: "Unsuspend on GitHub", url: null, who },
    });
  });

  it("warns while a sync fails, and not otherwise", () => {
    expect(standingOf({ ...connected, sync: idle }, "viewer").tone).toBe("success");
    expect(standingOf({ ...connected, sync: { ...idle, state: "failed" } }, "viewer").tone).toBe("warning");
  });

  it("names missing permissions, rate limits and outages", () => {
    const lacking: Integration = { ...connected, reason: "permissions_missing" };
    expect(standingOf(lacking, "viewer")).toMatchObject({
      badge: "Permissions needed",
      deed: { kind: "visit" },
    });
    const limited = standingOf(
      { ...connected, sync: { ...idle, state: "failed", error: "provider_rate_limited" } },
      "viewer",
    );
    const other = standingOf({ ...connected, sync: { ...idle, state: "failed", error: "other" } }, "viewer");
    const down = { ...idle, state: "failed", error: "provider_unavailable" } as const;
    const silent = standingOf({ ...connected, sync: down }, "viewer");
    expect(limited.sentence).toContain("rate limiting crewkit");
    expect(silent.sentence).toContain("isn’t responding");
    expect(other.sentence).not.toContain("responding");
  });

  it("shows that the account is connected elsewhere, unless GitHub is connected here", () => {
    const nothing: Integration = { ...connected, status: "not_connected" };
    const statusAfter = (integration: Integration, refused: string, account?: string) =>
      standingAfter(integration, "owner", refused, account);
    const elsewhere = statusAfter(nothing, "installation_bound_elsewhere", "acme-2");
    expect(elsewhere).toMatchObject({
      badge: "Connected elsewhere",
      deed: { mode: "new", refusal: null },
      other: { mode: "existing", refusal: null },
    });
    expect(elsewhere.sentence).toContain("The GitHub account acme-2 is connected to another");
    const suspended: Integration = { ...connected, status: "suspended", reason: "suspended_on_provider" };
    expect(statusAfter(connected, "installation_bound_elsewhere").badge).toBe("Connected");
    expect(statusAfter(suspended, "installation_bound_elsewhere").badge).toBe("Suspended on GitHub");
    expect(statusAfter(nothing, "another_code").badge).toBe("Not connected");
  });

  it("shows that an owner has to approve", () => {
    expect(standingOf({ ...connected, status: "pending" }, "owner")).toMatchObject({
      badge: "Waiting for approval",
      deed: { mode: "existing" },
      other: { mode: "new" },
    });
  });
});
