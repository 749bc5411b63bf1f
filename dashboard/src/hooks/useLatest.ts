import { type RefObject, useLayoutEffect, useRef } from "react";

/** Hold on to the latest value, for callbacks that outlive a rendering. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}
