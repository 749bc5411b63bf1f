import { describe, expect, it } from "vitest";
import { emptyReasonOf } from "@/features/catalog/emptyReason";
import type { CatalogSync } from "@/lib/api/types";

const read: CatalogSync = {
  state: "idle",
  synced_at: "2026-11-23T12:00:00Z",
  age_seconds: 60,
  requested_at: null,
  error: null,
  retry_at: null,
};
const unread: CatalogSync = { ...read, synced_at: null, age_seconds: null };

describe("why the list is empty", () => {
  it.each([
    ["", read, "none_granted"],
    ["widgets", read, "no_match"],
    ["widgets", { ...read, state: "running" }, "no_match_yet"],
    ["widgets", { ...unread, state: "running" }, "no_match_yet"],
    ["", { ...unread, state: "requested" }, "syncing"],
    ["", { ...unread, state: "running" }, "syncing"],
    ["", { ...unread, state: "failed", error: "provider_unavailable" }, "unreachable"],
    ["widgets", { ...unread, state: "failed", error: "provider_unavailable" }, "unreachable"],
    // A list that was synced once stays, even if GitHub isn’t responding now.
    ["", { ...read, state: "failed", error: "provider_unavailable" }, "none_granted"],
  ] as const)("%j, %j: %s", (searchText, sync, expected) => {
    expect(emptyReasonOf(searchText, sync)).toBe(expected);
  });
});
