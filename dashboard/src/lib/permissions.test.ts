import { describe, expect, it } from "vitest";
import { denialReason } from "@/lib/permissions";

describe("denialReason", () => {
  it("is null for what the service allows", () => {
    expect(denialReason("link", { role: "member", permissions: ["read", "link"] })).toBeNull();
  });

  it("names the role, the action and who can help", () => {
    expect(denialReason("link", { role: "viewer", permissions: ["read"] })).toBe(
      "Your role, viewer, can’t link or import repositories. Ask an owner or admin of the organization.",
    );
  });
});
