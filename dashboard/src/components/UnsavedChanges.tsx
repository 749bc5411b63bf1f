import { useBlocker } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

const DiscardDialog = lazy(() => import("@/components/DiscardDialog"));

/** Asks for confirmation before a form with unsaved changes is left, for another page or another site. */
export function UnsavedChanges({ isChanged }: { isChanged: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: () => isChanged,
    enableBeforeUnload: isChanged,
    withResolver: true,
  });
  if (blocker.status !== "blocked") return null;
  return (
    <Suspense>
      <DiscardDialog onKeep={blocker.reset} onDiscard={blocker.proceed} />
    </Suspense>
  );
}
