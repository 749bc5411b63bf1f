import { describe, expect, it } from "vitest";
import { placesOf, whereInWords } from "@/app/kit/events/where";
import type { Link, Project } from "@/lib/api/types";

const project = (name: string, repoId: string | null): Project => ({
  id: name,
  name,
  created_at: "2026-01-01T00:00:00Z",
  repository: repoId ? ({ repo_id: repoId, full_name: `acme/${repoId}` } as Link) : null,
});

describe("where an event happened", () => {
  const places = placesOf([project("Site", "1"), project("Docs", "1"), project("Idle", null)]);

  it("names the repository and each linked project", () => {
    expect(whereInWords("1", places)).toBe("acme/1 → Site, Docs");
  });

  it("labels events of unlinked repositories and of the app", () => {
    expect(whereInWords("2", places)).toBe("Repository not linked");
    expect(whereInWords(null, places)).toBe("GitHub App");
  });

  it("does not call a repository unlinked if not all linked repositories are known", () => {
    expect(whereInWords("2", places, { areMore: true })).toBe("Repository");
  });
});
