import type { Project } from "@/lib/api/types";

export interface Place {
  repository: string;
  projects: readonly string[];
}

/** Map the id of each linked repository to its name and its projects. */
export function placesOf(projects: readonly Project[]): ReadonlyMap<string, Place> {
  const places = new Map<string, { repository: string; projects: string[] }>();
  for (const { name, repository } of projects) {
    if (!repository) continue;
    const place = places.get(repository.repo_id) ?? { repository: repository.full_name, projects: [] };
    place.projects.push(name);
    places.set(repository.repo_id, place);
  }
  return places;
}

/**
 * Return the repository of an event and the projects that are linked to it.
 *
 * With `areMore`, `places` has only some of the linked repositories.
 */
export function whereInWords(
  repoId: string | null,
  places: ReadonlyMap<string, Place>,
  { areMore = false }: { areMore?: boolean } = {},
): string {
  if (repoId === null) return "GitHub App";
  const place = places.get(repoId);
  if (!place) return areMore ? "Repository" : "Repository not linked";
  return `${place.repository} → ${place.projects.join(", ")}`;
}
