import { expect, it } from "vitest";
import { linkedTo } from "@/lib/linkedTo";

it("names the projects a repository is linked to, and that there may be more", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  expect(linkedTo(named("Rocket"))).toBe("Linked to Rocket");
  expect(linkedTo(named("Rocket", "Site"))).toBe("Linked to Rocket and Site");
  expect(linkedTo(named("Rocket", "Site", "Docs"))).toBe("Linked to Rocket, Site and others");
});
