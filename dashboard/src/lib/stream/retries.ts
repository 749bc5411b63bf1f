const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

/**
 * Return the milliseconds before the next attempt, after so many failures in a row.
 *
 * The delay doubles up to half a minute, with jitter so that the tabs of many people do not return at once.
 * `Retry-After`, in seconds or as a date, is a minimum.
 */
export function retryDelay(failures: number, retryAfter: string | null, random = Math.random()): number {
  const longest = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return Math.max(longest * (0.5 + random / 2), retryAfter ? milliseconds(retryAfter) : 0);
}

function milliseconds(retryAfter: string): number {
  const seconds = Number(retryAfter);
  const wait = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1000;
  return Number.isNaN(wait) ? 0 : Math.max(0, Math.min(wait, LONGEST_RETRY_AFTER_MS));
}
