import { ApiProblem } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

/** Where in the form an error arose, so that it stands there. */
export type Place = "name" | "branch" | "root" | "form";

/** What helps against a refusal, beside its own words. */
export type Remedy =
  | { kind: "rename"; name: string }
  | { kind: "visit"; words: string; url: string }
  | { kind: "adjust" }
  | { kind: "integrations" }
  | { kind: "reload" }
  | null;

const FIELDS: Record<string, Place> = {
  name: "name",
  default_branch: "branch",
  "settings.root_directory": "root",
};

/** Say where an error belongs. */
export function placeOf(error: Error): Place {
  if (!(error instanceof ApiProblem)) return "form";
  if (error.code === "project_name_taken") return "name";
  const field = error.problem.errors?.[0]?.field;
  return (field && FIELDS[field]) || "form";
}

/** Give the words of an error: those of its field, where it is about one. */
export function wordsOf(error: Error): string {
  if (!(error instanceof ApiProblem)) return error.message;
  return error.problem.errors?.[0]?.message ?? error.message;
}

/** Say what helps. */
export function remedyOf(error: Error, name: string, repository: Repository): Remedy {
  if (!(error instanceof ApiProblem)) return null;
  switch (error.code) {
    case "project_name_taken":
      return { kind: "rename", name: nextName(name) };
    case "repository_archived":
      return repository.url ? { kind: "visit", words: "Open it on GitHub", url: repository.url } : null;
    case "repository_not_found":
      return { kind: "adjust" };
    case "integration_not_active":
    case "integration_not_found":
      return { kind: "integrations" };
    case "project_already_linked":
    case "project_not_found":
      return { kind: "reload" };
    default:
      return null;
  }
}

const LONGEST = 100;

/** Give the next free-looking name: "web", "web-2", "web-3". */
export function nextName(name: string): string {
  const [, stem = name, number] = /^(.*?)(?:-(\d{1,6}))?$/.exec(name) ?? [];
  const ending = `-${number ? Number(number) + 1 : 2}`;
  // What a cut may leave is half of a character outside of the first plane.
  return stem.slice(0, LONGEST - ending.length).replace(/[\uD800-\uDBFF]$/, "") + ending;
}
