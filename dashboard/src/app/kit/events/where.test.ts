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

  it("names the repository and every project that follows it", () => {
    expect(whereInWords("1", places)).toBe("acme/1 → Site, Docs");
  });

  it("says so where nobody follows, and where it is about no repository", () => {
    expect(whereInWords("2", places)).toContain("no project");
    expect(whereInWords(null, places)).toContain("installation");
  });
});
