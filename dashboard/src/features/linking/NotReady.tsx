import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Hourglass, Plug, Unplug } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Note } from "@/components/feedback/Note";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { integrationStatus } from "@/features/integrations/integrationStatus";
import { RemedyAction } from "@/features/remedies/RemedyAction";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";

const ICONS = { not_connected: Plug, pending: Hourglass, revoked: Unplug } as const;
const TITLES = {
  not_connected: "GitHub not connected",
  pending: "Waiting for approval",
  revoked: "GitHub disconnected",
} as const;

/** Explains why repositories can’t be chosen yet or may be out of date. Renders nothing if GitHub is connected. */
export function NotReady({
  query: { data: integration, error, refetch },
  organization,
}: {
  query: UseQueryResult<Integration>;
  organization: OrganizationOfUser;
}) {
  if (!integration)
    return error ? (
      <ProblemAlert error={error} onRetry={() => refetch()} />
    ) : (
      <>
        <Skeleton className="mb-3 h-10 w-full" />
        <Skeleton className="h-104 w-full rounded-xl" />
      </>
    );
  const { status } = integration;
  const { message, remedies } = integrationStatus(integration, organization);
  if (status === "active") return null;
  if (status === "suspended")
    return (
      <Note
        tone="warning"
        action={
          <Button size="small" asChild>
            <Link to="/kit/$orgId/settings/integrations" params={{ orgId: organization.id }}>
              View integration
            </Link>
          </Button>
        }
      >
        {message} While crewkit has no access, the list may be out of date and repositories can’t be linked.
      </Note>
    );
  return (
    <Card>
      <EmptyState
        icon={ICONS[status]}
        title={TITLES[status]}
        action={remedies[0] && <RemedyAction remedy={remedies[0]} orgId={organization.id} variant="primary" />}
      >
        {message}
      </EmptyState>
    </Card>
  );
}
