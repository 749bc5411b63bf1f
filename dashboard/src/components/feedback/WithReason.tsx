import {
  cloneElement,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

interface Disableable {
  "aria-disabled"?: boolean | undefined;
  "aria-describedby"?: string | undefined;
  onClick?: ((event: never) => void) | undefined;
}

const GAP_PX = 6;
const MARGIN_PX = 8;

/**
 * A control that cannot be used just now, with the reason as a tooltip; without a reason, the control as it is.
 *
 * The control stays focusable, so that keyboard and screen reader users get the reason too.
 */
export function WithReason({
  reason,
  children,
}: {
  reason: string | null;
  children: ReactElement<Disableable>;
}): ReactNode {
  const id = useId();
  const control = useRef<HTMLSpanElement>(null);
  const tooltip = useRef<HTMLSpanElement>(null);
  const [isWanted, setWanted] = useState(false);
  const [isPlaced, setPlaced] = useState(false);
  useLayoutEffect(() => {
    let isStale = false;
    if (isWanted && control.current && tooltip.current)
      placeTooltip(control.current, tooltip.current).then(() => !isStale && setPlaced(true));
    return () => {
      isStale = true;
      setPlaced(false);
    };
  }, [isWanted]);
  if (reason === null) return children;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shows what describes the control, which has the focus.
    <span
      ref={control}
      className="inline-flex"
      onPointerEnter={() => setWanted(true)}
      onPointerLeave={() => setWanted(false)}
      onFocus={() => setWanted(true)}
      onBlur={() => setWanted(false)}
      onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && setWanted(false)}
    >
      {cloneElement(children, {
        "aria-disabled": true,
        "aria-describedby": id,
        onClick: (event: Event) => event.preventDefault(),
      })}
      <span
        ref={tooltip}
        id={id}
        role="tooltip"
        data-shown={(isWanted && isPlaced) || undefined}
        className="invisible absolute top-0 left-0 z-30 w-64 max-w-[calc(100vw-1rem)] rounded-md bg-foreground px-3 py-1.5 text-xs text-background data-shown:visible"
      >
        {reason}
      </span>
    </span>
  );
}

/** Place a tooltip below or above its control, inside the page or dialog that the control is part of. */
async function placeTooltip(control: HTMLElement, tooltip: HTMLElement): Promise<void> {
  // Loaded when the first reason is shown: most people never see one.
  const { computePosition, flip, offset, shift } = await import("@floating-ui/dom");
  const boundary = control.closest("[role=dialog], main") ?? "clippingAncestors";
  const { x, y } = await computePosition(control, tooltip, {
    placement: "bottom",
    middleware: [offset(GAP_PX), flip(), shift({ boundary, padding: MARGIN_PX })],
  });
  Object.assign(tooltip.style, { left: `${x}px`, top: `${y}px` });
}
