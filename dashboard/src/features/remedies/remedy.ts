import type { Tone } from "@/components/ui/badge";

/** An action that resolves a state or an error. `RemedyAction` renders each kind. */
export type Remedy =
  /** Starts a connect flow. `denialReason` says why the user’s role can’t start it, or is null. */
  | { kind: "connect"; label: string; mode: "new" | "existing"; denialReason: string | null }
  /** Opens GitHub’s settings of the app. `url` is null if the user can’t open them. `requirement` says who can. */
  | { kind: "open_settings"; label: string; url: string | null; requirement: string }
  /** Opens another page of GitHub in a new tab. */
  | { kind: "open_page"; label: string; url: string }
  /** Opens the GitHub page that sets which repositories the app can access. */
  | { kind: "adjust_access"; label: string }
  | { kind: "view_integration"; label: string }
  | { kind: "rename"; label: string; name: string }
  | { kind: "reload"; label: string };

/** A state in words, and the actions that resolve it, the best action first. */
export interface StatusInWords {
  tone: Tone;
  badge: string;
  /** Null if there is nothing to explain. */
  message: string | null;
  remedies: readonly Remedy[];
}

/** Why something can’t be done, and the actions that resolve it. */
export interface Obstacle {
  message: string;
  remedies: readonly Remedy[];
}
