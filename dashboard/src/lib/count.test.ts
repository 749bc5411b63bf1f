import { expect, it } from "vitest";
import { counted } from "@/lib/count";

it("uses the right plural and thousands separators", () => {
  expect([0, 1, 2, 10_000].map((count) => counted(count, "attempt"))).toEqual([
    "0 attempts",
    "1 attempt",
    "2 attempts",
    "10,000 attempts",
  ]);
  expect([1, 2].map((count) => counted(count, "delivery", "deliveries"))).toEqual(["1 delivery", "2 deliveries"]);
});
