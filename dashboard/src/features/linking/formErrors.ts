import type { Remedy } from "@/features/remedies/remedy";
import { ApiProblem } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

/** The part of the form where an error is shown. */
export type FormPart = "name" | "branch" | "root" | "form";

const FIELDS: Record<string, FormPart> = {
  name: "name",
  default_branch: "branch",
  "settings.root_directory": "root",
};

/** Return the part of the form that an error belongs to. */
export function formPartOf(error: Error): FormPart {
  if (!(error instanceof ApiProblem)) return "form";
  if (error.code === "project_name_taken") return "name";
  const field = error.problem.errors?.[0]?.field;
  return (field && FIELDS[field]) || "form";
}

/** Return the text of an error: the message for its field, if there is one. */
export function messageOf(error: Error): string {
  if (!(error instanceof ApiProblem)) return error.message;
  return error.problem.errors?.[0]?.message ?? error.message;
}

/** Return the actions that help. */
export function remediesOf(error: Error, name: string, repository: Repository): readonly Remedy[] {
  if (!(error instanceof ApiProblem)) return [];
  switch (error.code) {
    case "project_name_taken":
      return [rename(nextName(name))];
    case "repository_archived":
      return repository.url ? [{ kind: "open_page", label: "Open on GitHub", url: repository.url }] : [];
    case "repository_not_found":
      return [{ kind: "adjust_access", label: "Adjust access on GitHub" }];
    case "integration_not_active":
    case "integration_not_found":
      return [{ kind: "view_integration", label: "View integration" }];
    case "project_already_linked":
    case "project_not_found":
      return [{ kind: "reload", label: "Reload" }];
    default:
      return [];
  }
}

function rename(name: string): Remedy {
  return { kind: "rename", label: `Use “${name}”`, name };
}

const MAX_NAME_LENGTH = 100;

/** Return the next name in the series "web", "web-2", "web-3". */
export function nextName(name: string): string {
  const [, stem = name, number] = /^(.*?)(?:-(\d{1,6}))?$/.exec(name) ?? [];
  const ending = `-${number ? Number(number) + 1 : 2}`;
  // A cut may leave half of a surrogate pair.
  return stem.slice(0, MAX_NAME_LENGTH - ending.length).replace(/[\uD800-\uDBFF]$/, "") + ending;
}
