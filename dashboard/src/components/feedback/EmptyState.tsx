import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

/** Why there is nothing here, and the one thing to do about it. */
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
  /** It passes by itself. */
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
