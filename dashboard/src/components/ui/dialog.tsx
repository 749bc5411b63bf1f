import { cva, type VariantProps } from "class-variance-authority";
import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ComponentProps, type ReactNode, useRef } from "react";
import { cn } from "@/lib/cn";

export const Dialog = Radix.Root;
export const DialogTrigger = Radix.Trigger;
export const DialogClose = Radix.Close;

const contentVariants = cva("fixed z-50 overflow-y-auto border bg-card", {
  variants: {
    place: {
      center:
        "top-1/2 left-1/2 max-h-[90dvh] w-[calc(100%-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 rounded-xl p-6",
      right: "inset-y-0 right-0 w-full max-w-2xl p-6",
      left: "inset-y-0 left-0 w-full max-w-72 p-4",
    },
  },
  defaultVariants: { place: "center" },
});

type ContentProps = Omit<ComponentProps<typeof Radix.Content>, "title"> &
  VariantProps<typeof contentVariants> & { title: ReactNode; description?: ReactNode };

export function DialogContent({ title, description, place, className, children, ...props }: ContentProps) {
  // Dialogs are opened by state, without a trigger, so Radix does not know where focus has to return to.
  const opener = useRef<Element>(null);
  return (
    <Radix.Portal>
      <Radix.Overlay className="fixed inset-0 z-40 bg-black/50" />
      <Radix.Content
        {...(description ? {} : { "aria-describedby": undefined })}
        className={cn(contentVariants({ place }), className)}
        onOpenAutoFocus={() => {
          opener.current = document.activeElement;
        }}
        onCloseAutoFocus={(event) => {
          event.preventDefault();
          returnFocus(opener.current);
        }}
        {...props}
      >
        <div className="mb-4 pr-8">
          <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
          {description && (
            <Radix.Description className="mt-1 text-sm text-muted-foreground">{description}</Radix.Description>
          )}
        </div>
        {children}
        <Radix.Close
          aria-label="Close"
          className="absolute top-4 right-4 rounded p-1 text-muted-foreground hover:text-foreground"
        >
          <X className="size-4" />
        </Radix.Close>
      </Radix.Content>
    </Radix.Portal>
  );
}

/** Focus what opened a dialog, or the page's title where the opener is gone or was the address itself. */
function returnFocus(opener: Element | null): void {
  const isVisible = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
  const target = isVisible ? opener : document.querySelector<HTMLElement>("h1");
  target?.focus({ preventScroll: true });
}
