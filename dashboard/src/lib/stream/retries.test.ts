import { describe, expect, it } from "vitest";
import { retryDelay } from "@/lib/stream/retries";

describe("the delay before a reconnect", () => {
  it("doubles with each failure, up to half a minute", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 60].map((failures) => retryDelay(failures, null, 1))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect(retryDelay(3, null, 0)).toBe(2000);
  });

  it("is at least what Retry-After asks for, in either form, within ten minutes", () => {
    expect(retryDelay(1, "7", 1)).toBe(7000);
    expect(retryDelay(6, "7", 1)).toBe(30_000);
    expect(retryDelay(1, "86400", 1)).toBe(600_000);
    const soon = new Date(Date.now() + 60_000).toUTCString();
    expect(retryDelay(1, soon, 1)).toBeGreaterThan(50_000);
    expect(retryDelay(1, "soon", 1)).toBe(1000);
    expect(retryDelay(1, "-5", 1)).toBe(1000);
  });
});
