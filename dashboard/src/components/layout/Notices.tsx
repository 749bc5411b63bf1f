import { lazy, Suspense, useSyncExternalStore } from "react";
import { noticeStore } from "@/lib/notices";

// Not needed for the first paint.
const Toaster = lazy(async () => ({ default: (await import("@/components/ui/toaster")).Toaster }));

export function Notices() {
  const notices = useSyncExternalStore(noticeStore.subscribe, noticeStore.current);
  if (notices.length === 0) return null;
  return (
    <Suspense>
      <Toaster notices={notices} />
    </Suspense>
  );
}
