import type { Project } from "@/lib/api/types";

export interface LinkedRepository {
  repository: string;
  projects: readonly string[];
}

/** Map the id of each linked repository to its name and its projects. */
export function mapLinkedProjects(projects: readonly Project[]): ReadonlyMap<string, LinkedRepository> {
  const repositories = new Map<string, { repository: string; projects: string[] }>();
  for (const { name, repository } of projects) {
    if (!repository) continue;
    const linked = repositories.get(repository.repo_id) ?? { repository: repository.full_name, projects: [] };
    linked.projects.push(name);
    repositories.set(repository.repo_id, linked);
  }
  return repositories;
}

/**
 * Return the repository of an event and the projects that are linked to it.
 *
 * With `areMore`, `repositories` has only some of the linked repositories.
 */
export function repositoryInWords(
  repoId: string | null,
  repositories: ReadonlyMap<string, LinkedRepository>,
  { areMore = false }: { areMore?: boolean } = {},
): string {
  if (repoId === null) return "GitHub App";
  const linked = repositories.get(repoId);
  if (!linked) return areMore ? "Repository" : "Repository not linked";
  return `${linked.repository} → ${linked.projects.join(", ")}`;
}
