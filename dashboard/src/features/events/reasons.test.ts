import { expect, it } from "vitest";
import { reasonInWords, toLabel, typeInWords } from "@/features/events/reasons";

it("has words for a code, and keeps the code for support", () => {
  expect(reasonInWords("repository_not_linked")).toEqual({
    text: "No project is linked to this repository",
    code: "repository_not_linked",
  });
});

it("separates the code from the message of a failure", () => {
  expect(reasonInWords("envelope_unreadable: In this push payload `ref` is a number.")).toEqual({
    text: "In this push payload `ref` is a number.",
    code: "envelope_unreadable",
  });
});

it("shows an unknown code as a label", () => {
  expect(reasonInWords("database_gone")).toEqual({ text: "Database gone", code: null });
  expect(reasonInWords("__proto__").code).toBeNull();
  expect(toLabel("")).toBe("");
});

it("names the type and the action of an event", () => {
  expect(typeInWords({ event: "push", action: null })).toBe("Push");
  expect(typeInWords({ event: "pull_request", action: "ready_for_review" })).toBe("Pull request · ready for review");
});
