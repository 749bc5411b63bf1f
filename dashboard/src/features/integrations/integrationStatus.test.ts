import { describe, expect, it } from "vitest";
import { statusAfterConnecting } from "@/features/integrations/connectResult";
import { integrationStatus } from "@/features/integrations/integrationStatus";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";

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
  account_avatar_url: null,
  repositories_granted: 1,
  projects_linked: 1,
  failed_24h: 0,
  last_webhook_at: null,
  permissions_needed: {},
  permissions_missing: {},
};
const admin = { role: "admin", permissions: ["read", "install"] } as OrganizationOfUser;
const viewer = { role: "viewer", permissions: ["read"] } as OrganizationOfUser;
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
    expect(integrationStatus(nothing, admin).remedies[0]).toMatchObject({ mode: "new", denialReason: null });
    // If the app is installed already, GitHub’s install page never returns here.
    expect(integrationStatus(nothing, admin).remedies[1]).toMatchObject({
      label: "Already installed? Connect",
      mode: "existing",
      denialReason: null,
    });
    expect(integrationStatus(nothing, viewer).remedies[0]).toMatchObject({
      denialReason: expect.stringContaining("Ask an owner or admin"),
    });
    expect(integrationStatus(nothing, viewer).message).toContain("an owner or admin");
  });

  it("reconnects with the existing installation after an uninstall or a disconnect", () => {
    for (const reason of ["uninstalled_on_provider", "disconnected"]) {
      const gone: Integration = { ...connected, status: "revoked", reason };
      expect(integrationStatus(gone, admin).remedies[0]).toMatchObject({ kind: "connect", mode: "existing" });
    }
  });

  it("distinguishes a suspension on GitHub from rejected access", () => {
    const suspended: Integration = { ...connected, status: "suspended", reason: "suspended_on_provider" };
    const rejected: Integration = { ...connected, status: "suspended", reason: "token_refused" };
    expect(integrationStatus(suspended, admin).remedies[0]).toMatchObject({ kind: "open_settings" });
    expect(integrationStatus(rejected, admin).remedies[0]).toMatchObject({ kind: "connect" });
    expect(integrationStatus(suspended, admin).badge).not.toBe(integrationStatus(rejected, admin).badge);
  });

  it("names who can open the settings on GitHub, and links only for a viewer who may be able to", () => {
    const url = connected.manage_url;
    expect(integrationStatus(connected, admin).remedies[0]).toMatchObject({
      kind: "open_settings",
      url,
      requirement: "Requires permission to manage acme on GitHub.",
    });
    const personal: Integration = { ...connected, account_type: "User", account: "lena" };
    const requirement = "Only lena can open this page on GitHub.";
    expect(integrationStatus(personal, admin).remedies[0]).toMatchObject({ url, requirement });
    const others: Integration = { ...personal, manage_url: null };
    expect(integrationStatus(others, admin).remedies[0]).toMatchObject({
      label: "Manage on GitHub",
      url: null,
      requirement,
    });
    const suspended: Integration = { ...others, status: "suspended", reason: "suspended_on_provider" };
    expect(integrationStatus(suspended, admin)).toMatchObject({
      badge: "Suspended on GitHub",
      remedies: [{ label: "Unsuspend on GitHub", url: null, requirement }],
    });
  });

  it("warns while a sync fails, and not otherwise", () => {
    expect(integrationStatus({ ...connected, sync: idle }, viewer).tone).toBe("success");
    expect(integrationStatus({ ...connected, sync: { ...idle, state: "failed" } }, viewer).tone).toBe("warning");
  });

  it("names missing permissions, rate limits and outages", () => {
    const lacking: Integration = { ...connected, reason: "permissions_missing" };
    expect(integrationStatus(lacking, viewer)).toMatchObject({
      badge: "Permissions needed",
      remedies: [{ kind: "open_settings" }],
    });
    const limited = integrationStatus(
      { ...connected, sync: { ...idle, state: "failed", error: "provider_rate_limited" } },
      viewer,
    );
    const other = integrationStatus({ ...connected, sync: { ...idle, state: "failed", error: "other" } }, viewer);
    const down = { ...idle, state: "failed", error: "provider_unavailable" } as const;
    const silent = integrationStatus({ ...connected, sync: down }, viewer);
    expect(limited.message).toContain("rate limiting crewkit");
    expect(silent.message).toContain("isn’t responding");
    expect(other.message).not.toContain("responding");
  });

  it("shows that the account is connected elsewhere, unless GitHub is connected here", () => {
    const nothing: Integration = { ...connected, status: "not_connected" };
    const statusAfter = (integration: Integration, refused: string, account?: string) =>
      statusAfterConnecting(integration, admin, refused, account);
    const elsewhere = statusAfter(nothing, "installation_bound_elsewhere", "acme-2");
    expect(elsewhere).toMatchObject({
      badge: "Connected elsewhere",
      remedies: [
        { mode: "new", denialReason: null },
        { mode: "existing", denialReason: null },
      ],
    });
    expect(elsewhere.message).toContain("The GitHub account acme-2 is connected to another");
    const suspended: Integration = { ...connected, status: "suspended", reason: "suspended_on_provider" };
    expect(statusAfter(connected, "installation_bound_elsewhere").badge).toBe("Connected");
    expect(statusAfter(suspended, "installation_bound_elsewhere").badge).toBe("Suspended on GitHub");
    expect(statusAfter(nothing, "another_code").badge).toBe("Not connected");
  });

  it("shows that an owner has to approve", () => {
    expect(integrationStatus({ ...connected, status: "pending" }, admin)).toMatchObject({
      badge: "Waiting for approval",
      remedies: [{ mode: "existing" }, { mode: "new" }],
    });
  });
});
