import { useEffect } from "react";
import { useLatest } from "@/hooks/useLatest";

interface LeavingMutation {
  isPending: boolean;
  isSuccess: boolean;
  reset: () => void;
}

/**
 * Return whether a mutation that leads to another site is under way.
 *
 * After Back, a browser may show the page as it was left, with the button still disabled: the mutation is reset.
 */
export function useLeaving(mutation: LeavingMutation): boolean {
  const latest = useLatest(mutation);
  useEffect(() => {
    const start = ({ persisted }: PageTransitionEvent) => {
      if (persisted) latest.current.reset();
    };
    window.addEventListener("pageshow", start);
    return () => window.removeEventListener("pageshow", start);
  }, [latest]);
  return mutation.isPending || mutation.isSuccess;
}
