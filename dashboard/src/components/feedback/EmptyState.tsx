import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

/** Explains why a list is empty, with the action that helps. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
  isBusy = false,
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** The state ends without an action. */
  isBusy?: boolean;
}) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-12 text-center">
      <Icon className={cn("size-8 text-muted-foreground", isBusy && "animate-spin")} aria-hidden="true" />
      <h2 className="font-medium">{title}</h2>
      {children && <div className="max-w-md text-sm text-muted-foreground">{children}</div>}
      {action}
    </div>
  );
}
