import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const inputVariants = cva(
  "w-full rounded-md border border-input bg-card text-sm placeholder:text-muted-foreground disabled:opacity-55 aria-invalid:border-danger",
  {
    variants: { kind: { plain: "h-9 px-3", searching: "h-10 pr-9 pl-9", opening: "h-9 pr-9 pl-3" } },
    defaultVariants: { kind: "plain" },
  },
);

export function Input({ className, kind, ...props }: ComponentProps<"input"> & VariantProps<typeof inputVariants>) {
  return <input className={cn(inputVariants({ kind }), className)} {...props} />;
}

export function Label({ className, ...props }: ComponentProps<"label">) {
  // biome-ignore lint/a11y/noLabelWithoutControl: the caller sets htmlFor.
  return <label className={cn("text-sm font-medium", className)} {...props} />;
}
