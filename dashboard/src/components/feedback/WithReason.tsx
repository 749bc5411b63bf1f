import type { ReactElement, ReactNode } from "react";
import { cloneElement } from "react";
import { Tooltip } from "@/components/ui/tooltip";

interface Disableable {
  "aria-disabled"?: boolean | undefined;
  onClick?: ((event: never) => void) | undefined;
  "aria-description"?: string | undefined;
}

/**
 * A control that cannot be used just now, with the reason; without one, the control as it is.
 *
 * It stays focusable, so that keyboard and screen reader meet the reason too.
 */
export function WithReason({
  reason,
  children,
}: {
  reason: string | null;
  children: ReactElement<Disableable>;
}): ReactNode {
  if (reason === null) return children;
  return (
    <Tooltip text={reason}>
      {cloneElement(children, {
        "aria-disabled": true,
        "aria-description": reason,
        onClick: (event: Event) => event.preventDefault(),
      })}
    </Tooltip>
  );
}
