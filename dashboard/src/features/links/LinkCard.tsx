import { ExternalLink } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { linkStatus } from "@/features/links/linkStatus";
import { RemedyActions } from "@/features/remedies/RemedyAction";
import type { Link, OrganizationOfUser, Project } from "@/lib/api/types";

const UnlinkDialog = lazy(async () => ({
  default: (await import("@/features/links/UnlinkDialog")).UnlinkDialog,
}));

/** The linked repository, its status, and the action that helps. */
export function LinkCard({
  organization,
  project,
  link,
  denialReason,
  onChange,
  onRelink,
  onUnlinked,
}: {
  organization: OrganizationOfUser;
  project: Project;
  link: Link;
  /** Why this role can’t change the link, or null if it can. */
  denialReason: string | null;
  onChange: () => void;
  /** Called with the id of the repository to link in place of this one. */
  onRelink: (repoId: string) => void;
  onUnlinked: () => Promise<void>;
}) {
  const [isConfirming, setConfirming] = useState(false);
  const status = linkStatus(link);
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
          <Badge tone={status.tone}>{status.badge}</Badge>
        </div>
        <div className="flex flex-wrap gap-2">
          <WithReason reason={denialReason}>
            <Button onClick={onChange}>Change repository</Button>
          </WithReason>
          <WithReason reason={denialReason}>
            <Button variant="danger" onClick={() => setConfirming(true)}>
              Unlink repository
            </Button>
          </WithReason>
        </div>
      </CardHeader>
      <CardBody className="space-y-4 text-sm">
        {status.message && (
          <Note
            tone={status.tone === "neutral" || status.tone === "success" ? "info" : status.tone}
            action={<RemedyActions remedies={status.remedies} orgId={organization.id} />}
          >
            {status.message}
          </Note>
        )}
        {link.successor && (
          <Note
            action={
              <WithReason reason={denialReason}>
                <Button size="small" variant="primary" onClick={() => onRelink(link.successor?.repo_id ?? "")}>
                  Link new repository
                </Button>
              </WithReason>
            }
          >
            A new repository named {link.successor.full_name} exists on GitHub. Link it to receive events again.
          </Note>
        )}
        <p className="text-muted-foreground">
          Linked <Time at={link.created_at} />.
          {link.previous_full_name && <> Renamed from {link.previous_full_name} on GitHub.</>}
        </p>
      </CardBody>
      {isConfirming && (
        <Suspense>
          <UnlinkDialog
            orgId={organization.id}
            project={project}
            link={link}
            onUnlinked={onUnlinked}
            onClose={() => setConfirming(false)}
          />
        </Suspense>
      )}
    </Card>
  );
}
