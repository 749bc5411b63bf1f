import { describe, expect, it } from "vitest";
import { nextName, placeOf, remedyOf, wordsOf } from "@/app/kit/projects/conflicts";
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

function refusal(code: string, field?: string): ApiProblem {
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

describe("the place of an error", () => {
  it.each([
    [refusal("project_name_taken"), "name"],
    [refusal("project_name_invalid", "name"), "name"],
    [refusal("link_invalid", "default_branch"), "branch"],
    [refusal("link_invalid", "settings.root_directory"), "root"],
    [refusal("repository_archived"), "form"],
    [new Unreachable(), "form"],
  ] as const)("%s: %s", (error, place) => expect(placeOf(error)).toBe(place));

  it("has the message of its field", () => {
    expect(wordsOf(refusal("link_invalid", "default_branch"))).toBe("Not this default_branch.");
    expect(wordsOf(refusal("repository_archived"))).toBe("Refused.");
  });
});

describe("the remedy for an error", () => {
  it("is another name, a page on GitHub, or a page of the dashboard", () => {
    expect(remedyOf(refusal("project_name_taken"), "web", repository)).toEqual({
      kind: "rename",
      name: "web-2",
    });
    expect(remedyOf(refusal("repository_archived"), "web", repository)).toMatchObject({
      url: repository.url,
    });
    expect(remedyOf(refusal("repository_not_found"), "web", repository)).toEqual({ kind: "adjust" });
    expect(remedyOf(refusal("integration_not_active"), "web", repository)).toEqual({ kind: "integrations" });
    expect(remedyOf(refusal("storage_unavailable"), "web", repository)).toBeNull();
  });

  it("continues the number at the end of a name, within the length limit", () => {
    expect(nextName("web-2")).toBe("web-3");
    expect(nextName("web-v2")).toBe("web-v2-2");
    expect(nextName("x".repeat(100))).toHaveLength(100);
    expect(nextName("x".repeat(100))).toMatch(/x-2$/);
  });
});
