import { CheckCircle2, X } from "lucide-react";
import { useEffect, useState } from "react";
import { dismiss, type Notice } from "@/lib/notices";

const SHOWN_MS = 5000;

/** The notifications. Each stays for five seconds, and longer while it has the pointer or the focus. */
export function Toaster({ notices }: { notices: readonly Notice[] }) {
  const [isHeld, setHeld] = useState(false);
  return (
    <section
      aria-label="Notifications"
      aria-live="polite"
      className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100%-2rem)] flex-col gap-2"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {notices.map((notice) => (
        <Toast key={notice.id} notice={notice} isHeld={isHeld} />
      ))}
    </section>
  );
}

function Toast({ notice, isHeld }: { notice: Notice; isHeld: boolean }) {
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dismiss(notice.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice.id, isHeld]);
  return (
    <div className="flex items-center gap-3 rounded-lg border bg-card p-3 text-sm shadow-lg">
      <CheckCircle2 className="size-4 shrink-0 text-success" aria-hidden="true" />
      <p>{notice.text}</p>
      <button
        type="button"
        aria-label="Dismiss"
        className="ml-auto text-muted-foreground hover:text-foreground"
        onClick={() => dismiss(notice.id)}
      >
        <X className="size-4" />
      </button>
    </div>
  );
}
