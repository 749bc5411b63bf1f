import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { Obstacle } from "@/app/kit/projects/obstacles";
import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";

/** Explains why the repository can’t be linked, before the form is submitted. */
export function ObstacleNote({ obstacle: { words, help }, orgId }: { obstacle: Obstacle; orgId: string }) {
  const action = () => {
    switch (help?.kind) {
      case "visit":
        return (
          <Button size="small" asChild>
            <a href={help.url} target="_blank" rel="noreferrer">
              {help.words}
              <ExternalLink aria-hidden="true" />
            </a>
          </Button>
        );
      case "integrations":
        return (
          <Button size="small" asChild>
            <Link to="/kit/$orgId/settings/integrations" params={{ orgId }}>
              View integration
            </Link>
          </Button>
        );
      default:
        return null;
    }
  };
  return (
    <Note tone="warning" action={action()}>
      {words}
    </Note>
  );
}
