import { clsx } from "clsx";

/** Join class names. Differences are variants, never overrides. */
export const cn = clsx;
