import { cva } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const track = cva(
  "inline-flex h-6 w-10 shrink-0 items-center rounded-full border border-transparent p-0.5 transition-colors disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55",
  { variants: { on: { true: "bg-primary", false: "bg-input" } } },
);
const thumb = cva("size-5 rounded-full bg-card shadow transition-transform", {
  variants: { on: { true: "translate-x-4", false: "" } },
});

/** Something that is on or off, and changes at once. */
export function Switch({
  checked,
  className,
  ...props
}: Omit<ComponentProps<"button">, "role" | "type"> & { checked: boolean }) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      className={cn(track({ on: checked }), className)}
      {...props}
    >
      <span className={thumb({ on: checked })} />
    </button>
  );
}
