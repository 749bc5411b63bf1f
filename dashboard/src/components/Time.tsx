import { ago, writtenOut } from "@/lib/time";

/** How long ago, with the whole time on hover. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={writtenOut(at)}>
      {ago(at)}
    </time>
  );
}
