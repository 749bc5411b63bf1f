import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

/** Holds the place of what is loading, so that nothing moves when it comes. */
export function Skeleton({ className, ...props }: ComponentProps<"div">) {
  return <div aria-hidden="true" className={cn("animate-pulse rounded-md bg-muted", className)} {...props} />;
}
