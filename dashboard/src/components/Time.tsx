import { useTick } from "@/hooks/useTick";
import { ago, writtenOut } from "@/lib/time";

/** How long ago, with the whole time and its zone on hover. */
export function Time({ at }: { at: string }) {
  useTick();
  return (
    <time dateTime={at} title={writtenOut(at)}>
      {ago(at)}
    </time>
  );
}
