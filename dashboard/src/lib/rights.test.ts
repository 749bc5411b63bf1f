import { describe, expect, it } from "vitest";
import { refusal } from "@/lib/rights";

describe("the permissions of a role", () => {
  it("lets a member link and an admin install", () => {
    expect(refusal("link", "member")).toBeNull();
    expect(refusal("install", "admin")).toBeNull();
  });

  it("names the roles that can, and the role of the viewer", () => {
    expect(refusal("import", "viewer")).toBe(
      "Only owners, admins and members can import repositories. Your role is viewer.",
    );
  });

  it("does not let a member install", () => {
    expect(refusal("install", "member")).toContain("Only owners and admins");
  });
});
