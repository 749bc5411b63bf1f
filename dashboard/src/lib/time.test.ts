import { afterEach, describe, expect, it } from "vitest";
import { now, observeDate } from "@/lib/clock";
import { ago, writtenOut } from "@/lib/time";

const NOON = new Date("2026-11-30T12:00:00Z");

describe("relative times", () => {
  it.each([
    ["2026-11-30T11:59:30Z", "just now"],
    ["2026-11-30T11:57:00Z", "3 minutes ago"],
    ["2026-11-29T12:00:00Z", "yesterday"],
    ["2024-11-01T12:00:00Z", "2 years ago"],
  ])("%s: %s", (time, words) => expect(ago(time, NOON)).toBe(words));

  it("is never in the future, even if the device’s clock is slow", () => {
    expect(ago("2026-11-30T12:00:40Z", NOON)).toBe("just now");
    expect(ago("2026-12-30T12:00:00Z", NOON)).toBe("just now");
  });
});

describe("the service's clock", () => {
  afterEach(() => observeDate(new Date().toUTCString()));

  it("is used if the device’s clock is wrong", () => {
    const ahead = new Date(Date.now() + 3_600_000);
    observeDate(ahead.toUTCString());
    expect(Math.abs(now().getTime() - ahead.getTime())).toBeLessThan(2000);
    expect(ago(new Date(ahead.getTime() - 630_000))).toBe("10 minutes ago");
  });

  it("is the device’s clock if both agree or a response has no date", () => {
    observeDate(new Date(Date.now() - 2000).toUTCString());
    expect(Math.abs(now().getTime() - Date.now())).toBeLessThan(50);
    observeDate(null);
    observeDate("yesterday");
    expect(Math.abs(now().getTime() - Date.now())).toBeLessThan(50);
  });
});

it("includes the time zone in the full time", () => {
  expect(writtenOut("2026-11-30T12:00:00Z")).toMatch(/2026.* (GMT|UTC|[A-Z]{2,5})/);
});
