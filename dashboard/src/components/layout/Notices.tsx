import { lazy, Suspense, useSyncExternalStore } from "react";
import { noticeStore } from "@/lib/notices";

// Not part of what a page needs to appear.
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
