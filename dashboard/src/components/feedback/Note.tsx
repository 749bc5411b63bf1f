import { cva, type VariantProps } from "class-variance-authority";
import { Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

const note = cva("flex items-start gap-3 rounded-lg border p-4 text-sm", {
  variants: {
    tone: {
      info: "border-info/40 bg-info-soft [&>svg]:text-info",
      warning: "border-warning/40 bg-warning-soft [&>svg]:text-warning",
      danger: "border-danger/40 bg-danger-soft [&>svg]:text-danger",
    },
  },
  defaultVariants: { tone: "info" },
});

/** A message with an optional action. */
export function Note({
  tone,
  action,
  children,
}: VariantProps<typeof note> & { action?: ReactNode; children: ReactNode }) {
  const Icon = tone === "info" || !tone ? Info : TriangleAlert;
  return (
    <div className={note({ tone })}>
      <Icon className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
      <div className="flex min-w-0 flex-1 flex-wrap items-center justify-between gap-3">
        <div className="min-w-0 flex-1 basis-64">{children}</div>
        {action}
      </div>
    </div>
  );
}
