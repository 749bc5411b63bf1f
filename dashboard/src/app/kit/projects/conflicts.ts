import { ApiProblem } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

/** The part of the form where an error is shown. */
export type Place = "name" | "branch" | "root" | "form";

/** The action that helps after an error. */
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

/** Return the part of the form that an error belongs to. */
export function placeOf(error: Error): Place {
  if (!(error instanceof ApiProblem)) return "form";
  if (error.code === "project_name_taken") return "name";
  const field = error.problem.errors?.[0]?.field;
  return (field && FIELDS[field]) || "form";
}

/** Return the text of an error: the message for its field, if there is one. */
export function wordsOf(error: Error): string {
  if (!(error instanceof ApiProblem)) return error.message;
  return error.problem.errors?.[0]?.message ?? error.message;
}

/** Return the action that helps. */
export function remedyOf(error: Error, name: string, repository: Repository): Remedy {
  if (!(error instanceof ApiProblem)) return null;
  switch (error.code) {
    case "project_name_taken":
      return { kind: "rename", name: nextName(name) };
    case "repository_archived":
      return repository.url ? { kind: "visit", words: "Open on GitHub", url: repository.url } : null;
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

/** Return the next name in the series "web", "web-2", "web-3". */
export function nextName(name: string): string {
  const [, stem = name, number] = /^(.*?)(?:-(\d{1,6}))?$/.exec(name) ?? [];
  const ending = `-${number ? Number(number) + 1 : 2}`;
  // A cut may leave half of a surrogate pair.
  return stem.slice(0, LONGEST - ending.length).replace(/[\uD800-\uDBFF]$/, "") + ending;
}
