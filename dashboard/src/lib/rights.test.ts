import { describe, expect, it } from "vitest";
import { refusal } from "@/lib/rights";

describe("what a role may do", () => {
  it("lets a member link and an admin install", () => {
    expect(refusal("link", "member")).toBeNull();
    expect(refusal("install", "admin")).toBeNull();
  });

  it("tells a viewer who may, and what they are", () => {
    expect(refusal("import", "viewer")).toBe(
      "Only an owner, admin or member of this organization may import repositories; you are a viewer.",
    );
  });

  it("tells a member that installing is not for them", () => {
    expect(refusal("install", "member")).toContain("Only an owner or admin");
  });
});
