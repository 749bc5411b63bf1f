import { now as serviceNow } from "@/lib/clock";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

/** Return how long ago something happened: "3 minutes ago", "yesterday". What happened is never in the future. */
export function ago(time: string | Date, now: Date = serviceNow()): string {
  const seconds = Math.min(0, (new Date(time).getTime() - now.getTime()) / 1000);
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** Return a time in full, in the reader's own zone, which it names. */
export function writtenOut(time: string | Date): string {
  return absolute.format(new Date(time));
}
