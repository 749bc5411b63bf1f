import { useEffect, useSyncExternalStore } from "react";
import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";
import { queryClient } from "@/lib/query";
import { resumeSession, sessionStore } from "@/lib/session";
import { signInAddress } from "@/lib/signIn";

/** Offers to sign in again, above the page that was open when the session ended. */
export function SessionEnded() {
  const hasEnded = useSyncExternalStore(sessionStore.subscribe, sessionStore.hasEnded);
  useEffect(() => {
    if (!hasEnded) return;
    // People may have signed in in another tab.
    const resume = async () => {
      if (document.visibilityState === "visible" && (await resumeSession())) queryClient.invalidateQueries();
    };
    window.addEventListener("focus", resume);
    document.addEventListener("visibilitychange", resume);
    return () => {
      window.removeEventListener("focus", resume);
      document.removeEventListener("visibilitychange", resume);
    };
  }, [hasEnded]);
  if (!hasEnded) return null;
  return (
    <div role="alert" className="sticky top-0 z-30 bg-background p-4">
      <Note
        tone="warning"
        action={
          <Button size="small" variant="primary" onClick={() => window.location.assign(signInAddress())}>
            Sign in
          </Button>
        }
      >
        Your session has ended. Sign in to continue.
      </Note>
    </div>
  );
}
