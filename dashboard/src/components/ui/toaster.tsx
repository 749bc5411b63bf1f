import { CheckCircle2, X } from "lucide-react";
import { Toast } from "radix-ui";
import { dismiss, type Notice } from "@/lib/notices";

/** The notices, each for five seconds unless the pointer rests on it. */
export function Toaster({ notices }: { notices: readonly Notice[] }) {
  return (
    <Toast.Provider duration={5000} label="Notice">
      {notices.map((one) => (
        <Toast.Root
          key={one.id}
          onOpenChange={(isOpen) => !isOpen && dismiss(one.id)}
          className="flex items-center gap-3 rounded-lg border bg-card p-3 text-sm shadow-lg"
        >
          <CheckCircle2 className="size-4 text-success" aria-hidden="true" />
          <Toast.Description>{one.text}</Toast.Description>
          <Toast.Close aria-label="Close" className="ml-auto text-muted-foreground hover:text-foreground">
            <X className="size-4" />
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100%-2rem)] flex-col gap-2" />
    </Toast.Provider>
  );
}
