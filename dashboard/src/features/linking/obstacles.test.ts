import { describe, expect, it } from "vitest";
import { obstacleOf } from "@/features/linking/obstacles";
import type { Integration, OrganizationOfUser, Repository } from "@/lib/api/types";

const repository = {
  full_name: "acme/widgets",
  url: "https://github.example/acme/widgets",
  archived: false,
} as Repository;
const archived = { ...repository, archived: true };
const member = { role: "member", permissions: ["read", "link"] } as OrganizationOfUser;
const viewer = { role: "viewer", permissions: ["read"] } as OrganizationOfUser;
const withStatus = (status: Integration["status"]) => ({ status }) as Integration;

describe("why a repository can’t be linked", () => {
  it("is null for a member and an active repository", () => {
    expect(obstacleOf(member, withStatus("active"), repository)).toBeNull();
  });

  it("names the role first, then the integration, then the repository", () => {
    expect(obstacleOf(viewer, withStatus("suspended"), archived)?.message).toContain("viewer");
    for (const status of ["suspended", "revoked"] as const)
      expect(obstacleOf(member, withStatus(status), archived)?.remedies).toMatchObject([{ kind: "view_integration" }]);
    expect(obstacleOf(member, withStatus("active"), archived)?.remedies).toMatchObject([
      { url: "https://github.example/acme/widgets" },
    ]);
  });
});
