import { cloneElement, type ReactElement, type ReactNode, useId } from "react";

interface Disableable {
  "aria-disabled"?: boolean | undefined;
  "aria-describedby"?: string | undefined;
  onClick?: ((event: never) => void) | undefined;
}

/**
 * A control that cannot be used just now, with the reason; without one, the control as it is.
 *
 * It stays focusable, so that keyboard and screen reader meet the reason too. The style sheet shows it: a
 * library that places it would be a tenth of what every page loads.
 */
export function WithReason({
  reason,
  children,
}: {
  reason: string | null;
  children: ReactElement<Disableable>;
}): ReactNode {
  const id = useId();
  if (reason === null) return children;
  return (
    <span className="group/reason relative inline-flex">
      {cloneElement(children, {
        "aria-disabled": true,
        "aria-describedby": id,
        onClick: (event: Event) => event.preventDefault(),
      })}
      <span
        id={id}
        role="tooltip"
        className="invisible absolute top-full right-0 z-30 mt-1.5 w-64 rounded-md bg-foreground px-3 py-1.5 text-xs text-background group-focus-within/reason:visible group-hover/reason:visible"
      >
        {reason}
      </span>
    </span>
  );
}
