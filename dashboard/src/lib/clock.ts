// `Date` has whole seconds, and a response takes its time: a smaller difference means nothing.
const LEAST_MS = 5000;

let offsetMs = 0;

/** Learn from a response's `Date` header by how much this device's clock is wrong. */
export function observeDate(header: string | null): void {
  const difference = header === null ? Number.NaN : Date.parse(header) - Date.now();
  if (Number.isNaN(difference)) return;
  offsetMs = Math.abs(difference) < LEAST_MS ? 0 : difference;
}

/** Return the present time by the service's clock, as far as it is known. */
export function now(): Date {
  return new Date(Date.now() + offsetMs);
}
