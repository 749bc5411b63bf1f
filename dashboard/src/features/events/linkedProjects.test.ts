import { describe, expect, it } from "vitest";
import { mapLinkedProjects, repositoryInWords } from "@/features/events/linkedProjects";
import type { Link, Project } from "@/lib/api/types";

const project = (name: string, repoId: string | null): Project => ({
  id: name,
  name,
  created_at: "2026-01-01T00:00:00Z",
  repository: repoId ? ({ repo_id: repoId, full_name: `acme/${repoId}` } as Link) : null,
});

describe("where an event happened", () => {
  const repositories = mapLinkedProjects([project("Site", "1"), project("Docs", "1"), project("Idle", null)]);

  it("names the repository and each linked project", () => {
    expect(repositoryInWords("1", repositories)).toBe("acme/1 → Site, Docs");
  });

  it("labels events of unlinked repositories and of the app", () => {
    expect(repositoryInWords("2", repositories)).toBe("Repository not linked");
    expect(repositoryInWords(null, repositories)).toBe("GitHub App");
  });

  it("does not call a repository unlinked if not all linked repositories are known", () => {
    expect(repositoryInWords("2", repositories, { areMore: true })).toBe("Repository");
  });
});
