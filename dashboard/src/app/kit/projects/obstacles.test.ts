import { describe, expect, it } from "vitest";
import { obstacleOf } from "@/app/kit/projects/obstacles";
import type { Repository } from "@/lib/api/types";

const repository = {
  full_name: "acme/widgets",
  url: "https://github.example/acme/widgets",
  archived: false,
} as Repository;
const archived = { ...repository, archived: true };

describe("why a repository can’t be linked", () => {
  it("is null for a member and an active repository", () => {
    expect(obstacleOf("import", "member", { status: "active" }, repository)).toBeNull();
  });

  it("names the role first, then the integration, then the repository", () => {
    expect(obstacleOf("import", "viewer", { status: "suspended" }, archived)?.words).toContain("viewer");
    expect(obstacleOf("link", "member", { status: "suspended" }, archived)?.help).toEqual({
      kind: "integrations",
    });
    expect(obstacleOf("link", "member", { status: "revoked" }, repository)?.help).toEqual({
      kind: "integrations",
    });
    expect(obstacleOf("link", "member", { status: "active" }, archived)?.help).toMatchObject({
      url: "https://github.example/acme/widgets",
    });
  });
});
