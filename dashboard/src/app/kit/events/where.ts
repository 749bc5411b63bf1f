import type { Project } from "@/lib/api/types";

export interface Place {
  repository: string;
  projects: readonly string[];
}

/** Tell by a repository's id its name and the projects that follow it, as far as these projects tell. */
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

/** Say in a few words where an event happened and who follows it. */
export function whereInWords(repoId: string | null, places: ReadonlyMap<string, Place>): string {
  if (repoId === null) return "the installation";
  const place = places.get(repoId);
  if (!place) return "a repository that no project follows";
  return `${place.repository} → ${place.projects.join(", ")}`;
}
