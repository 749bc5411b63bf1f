import { Link as RouterLink } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { AdjustAccess } from "@/app/kit/projects/import/AdjustAccess";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import type { Link, OrganizationOfUser, Project } from "@/lib/api/types";
import { type Help, linkStandingOf } from "@/lib/linkStanding";

const UnlinkDialog = lazy(async () => ({
  default: (await import("@/app/kit/projects/repository/UnlinkDialog")).UnlinkDialog,
}));

/** The linked repository, its status, and the action that helps. */
export function LinkCard({
  organization,
  project,
  link,
  why,
  onChange,
  onRelink,
  onUnlinked,
}: {
  organization: OrganizationOfUser;
  project: Project;
  link: Link;
  /** Why this role can’t change the link, or null if it can. */
  why: string | null;
  onChange: () => void;
  /** Called with the id of the repository to link in place of this one. */
  onRelink: (repoId: string) => void;
  onUnlinked: () => Promise<void>;
}) {
  const [isAsking, setAsking] = useState(false);
  const standing = linkStandingOf(link);
  return (
    <Card>
      <CardHeader>
        <div className="flex min-w-0 flex-wrap items-center gap-3">
          <CardTitle className="min-w-0 break-words">
            {link.url ? (
              <a
                href={link.url}
                className="hover:underline"
                target="_blank"
                rel="noreferrer"
                aria-label={`${link.full_name} on GitHub`}
              >
                {link.full_name}
                <ExternalLink className="ml-1.5 inline size-3.5 text-muted-foreground" aria-hidden="true" />
              </a>
            ) : (
              link.full_name
            )}
          </CardTitle>
          <Badge tone={standing.tone}>{standing.badge}</Badge>
        </div>
        <div className="flex flex-wrap gap-2">
          <WithReason reason={why}>
            <Button onClick={onChange}>Change repository</Button>
          </WithReason>
          <WithReason reason={why}>
            <Button variant="danger" onClick={() => setAsking(true)}>
              Unlink repository
            </Button>
          </WithReason>
        </div>
      </CardHeader>
      <CardBody className="space-y-4 text-sm">
        {standing.sentence && (
          <Note
            tone={standing.tone === "neutral" || standing.tone === "success" ? "info" : standing.tone}
            action={<HelpButton help={standing.help} orgId={organization.id} />}
          >
            {standing.sentence}
          </Note>
        )}
        {link.successor && (
          <Note
            action={
              <WithReason reason={why}>
                <Button
                  size="small"
                  variant="primary"
                  onClick={() => onRelink(link.successor?.repo_id ?? "")}
                >
                  Link new repository
                </Button>
              </WithReason>
            }
          >
            A new repository named {link.successor.full_name} exists on GitHub. Link it to receive events
            again.
          </Note>
        )}
        <p className="text-muted-foreground">
          Linked <Time at={link.created_at} />.
          {link.previous_full_name && <> Renamed from {link.previous_full_name} on GitHub.</>}
        </p>
      </CardBody>
      {isAsking && (
        <Suspense>
          <UnlinkDialog
            orgId={organization.id}
            project={project}
            link={link}
            onUnlinked={onUnlinked}
            onClose={() => setAsking(false)}
          />
        </Suspense>
      )}
    </Card>
  );
}

function HelpButton({ help, orgId }: { help: Help; orgId: string }) {
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
    case "adjust":
      return <AdjustAccess orgId={orgId} words={help.words} />;
    case "integrations":
      return (
        <Button size="small" asChild>
          <RouterLink to="/kit/$orgId/settings/integrations" params={{ orgId }}>
            {help.words}
          </RouterLink>
        </Button>
      );
    default:
      return null;
  }
}
