import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

/** The browser's own select: keyboard, screen readers and phones know it. */
export function NativeSelect({ className, ...props }: ComponentProps<"select">) {
  return (
    <select
      className={cn(
        "h-9 max-w-full min-w-0 rounded-md border border-input bg-card px-2 text-sm disabled:opacity-55",
        className,
      )}
      {...props}
    />
  );
}
