import { expect, it } from "vitest";
import { linkedTo } from "@/features/catalog/linkedTo";

it("names two linked projects, and “more” if there are more", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  expect(linkedTo(named("Rocket"))).toBe("Linked to Rocket");
  expect(linkedTo(named("Rocket", "Site"))).toBe("Linked to Rocket and Site");
  expect(linkedTo(named("Rocket", "Site", "Docs"))).toBe("Linked to Rocket, Site and more");
});
