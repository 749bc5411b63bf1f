import { clsx } from "clsx";

/** Join class names. They add to each other: what should be otherwise is a variant, never an override. */
export const cn = clsx;
