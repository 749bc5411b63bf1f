import { expect, it } from "vitest";
import { linkedTo } from "@/lib/linkedTo";

it("names the linked projects, and “others” if there are more than two", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  expect(linkedTo(named("Rocket"))).toBe("Linked to Rocket");
  expect(linkedTo(named("Rocket", "Site"))).toBe("Linked to Rocket and Site");
  expect(linkedTo(named("Rocket", "Site", "Docs"))).toBe("Linked to Rocket, Site and others");
});
