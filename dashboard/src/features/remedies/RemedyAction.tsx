import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { AdjustAccess } from "@/features/catalog/AdjustAccess";
import { ConnectButton } from "@/features/integrations/ConnectButton";
import type { Remedy } from "@/features/remedies/remedy";

interface Handlers {
  /** Called with the free name. */
  onRename?: ((name: string) => void) | undefined;
  onReload?: (() => void) | undefined;
}

/** The button or link of a remedy. */
export function RemedyAction({
  remedy,
  orgId,
  variant = "outline",
  onRename,
  onReload,
}: { remedy: Remedy; orgId: string; variant?: "primary" | "outline" } & Handlers) {
  switch (remedy.kind) {
    case "connect":
      return <ConnectButton orgId={orgId} variant={variant} {...remedy} />;
    case "open_settings":
      return remedy.url === null ? (
        <WithReason reason={remedy.requirement}>
          <Button>{remedy.label}</Button>
        </WithReason>
      ) : (
        <span className="inline-flex flex-col items-start gap-2">
          <Button asChild>
            <a href={remedy.url}>{remedy.label}</a>
          </Button>
          <span className="text-xs text-muted-foreground">{remedy.requirement}</span>
        </span>
      );
    case "open_page":
      return (
        <Button size="small" asChild>
          <a href={remedy.url} target="_blank" rel="noreferrer">
            {remedy.label}
            <ExternalLink aria-hidden="true" />
          </a>
        </Button>
      );
    case "adjust_access":
      return <AdjustAccess orgId={orgId} label={remedy.label} />;
    case "view_integration":
      return (
        <Button size="small" asChild>
          <Link to="/kit/$orgId/settings/integrations" params={{ orgId }}>
            {remedy.label}
          </Link>
        </Button>
      );
    case "rename":
      return (
        <Button size="small" onClick={() => onRename?.(remedy.name)}>
          {remedy.label}
        </Button>
      );
    case "reload":
      return (
        <Button size="small" onClick={onReload}>
          {remedy.label}
        </Button>
      );
  }
}

/** The actions of a state or an error, side by side. Renders nothing without a remedy. */
export function RemedyActions({ remedies, ...props }: { remedies: readonly Remedy[]; orgId: string } & Handlers) {
  if (remedies.length === 0) return null;
  return (
    <span className="inline-flex flex-wrap gap-2">
      {remedies.map((remedy) => (
        <RemedyAction key={remedy.label} remedy={remedy} {...props} />
      ))}
    </span>
  );
}
