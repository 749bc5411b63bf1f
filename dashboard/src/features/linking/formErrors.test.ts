import { describe, expect, it } from "vitest";
import { formPartOf, messageOf, nextName, remediesOf } from "@/features/linking/formErrors";
import { ApiProblem, Unreachable } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

const repository: Repository = {
  id: "1",
  full_name: "acme/widgets",
  owner: "acme",
  name: "widgets",
  url: "https://github.example/acme/widgets",
  private: true,
  archived: false,
  fork: false,
  default_branch: "main",
  description: null,
  language: null,
  visibility: "private",
  topics: [],
  pushed_at: null,
  updated_at: null,
  projects: [],
};

function problem(code: string, field?: string): ApiProblem {
  const errors = field ? [{ field, message: `Not this ${field}.` }] : [];
  return new ApiProblem({
    type: "about:blank",
    title: "",
    status: 409,
    detail: "Refused.",
    code,
    request_id: "r",
    errors,
  });
}

describe("the part of the form of an error", () => {
  it.each([
    [problem("project_name_taken"), "name"],
    [problem("project_name_invalid", "name"), "name"],
    [problem("link_invalid", "default_branch"), "branch"],
    [problem("link_invalid", "settings.root_directory"), "root"],
    [problem("repository_archived"), "form"],
    [new Unreachable(), "form"],
  ] as const)("%s: %s", (error, part) => expect(formPartOf(error)).toBe(part));

  it("has the message of its field", () => {
    expect(messageOf(problem("link_invalid", "default_branch"))).toBe("Not this default_branch.");
    expect(messageOf(problem("repository_archived"))).toBe("Refused.");
  });
});

describe("the remedies for an error", () => {
  it("is another name, a page on GitHub, or a page of the dashboard", () => {
    expect(remediesOf(problem("project_name_taken"), "web", repository)).toEqual([
      { kind: "rename", label: "Use “web-2”", name: "web-2" },
    ]);
    expect(remediesOf(problem("repository_archived"), "web", repository)).toMatchObject([{ url: repository.url }]);
    expect(remediesOf(problem("repository_not_found"), "web", repository)).toMatchObject([{ kind: "adjust_access" }]);
    expect(remediesOf(problem("integration_not_active"), "web", repository)).toMatchObject([
      { kind: "view_integration" },
    ]);
    expect(remediesOf(problem("storage_unavailable"), "web", repository)).toEqual([]);
  });

  it("continues the number at the end of a name, within the length limit", () => {
    expect(nextName("web-2")).toBe("web-3");
    expect(nextName("web-v2")).toBe("web-v2-2");
    expect(nextName("x".repeat(100))).toHaveLength(100);
    expect(nextName("x".repeat(100))).toMatch(/x-2$/);
  });
});
