import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Time } from "@/components/Time";
import { Card } from "@/components/ui/card";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { useOrganization } from "@/hooks/useOrganization";
import { api, fetchBody } from "@/lib/api/client";
import type { OrganizationOfUser, Version } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

export function AuditPage() {
  const organization = useOrganization();
  const denial = denialReason("audit", organization);
  return (
    <Page title="Audit log" about="Who changed what, with the values before and after.">
      {denial ? (
        <Card className="min-h-96">
          <EmptyState icon={ScrollText} title="No access">
            {denial}
          </EmptyState>
        </Card>
      ) : (
        <VersionList organization={organization} />
      )}
    </Page>
  );
}

function VersionList({ organization }: { organization: OrganizationOfUser }) {
  const query = useInfiniteQuery({
    queryKey: ["versions", organization.id],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-integrations/{provider}/versions", {
          params: {
            path: { org_id: organization.id, provider: PROVIDER },
            query: pageParam ? { cursor: pageParam } : {},
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Rows
      query={query}
      rows={rows}
      label="Changes"
      keyOf={(row) => `${row.item.type}-${row.item.id}-${row.changed_at}-${row.event}`}
      empty={<EmptyState icon={ScrollText} title="No changes yet" />}
    >
      {(row) => (
        <>
          <span className="min-w-0 flex-1">
            <span className="font-medium">{actorOf(row)}</span> {row.event} the {toLabel(row.item.type)}
            <Changes changes={row.changes} />
          </span>
          <span className="text-muted-foreground">
            <Time at={row.changed_at} />
          </span>
        </>
      )}
    </Rows>
  );
}

function actorOf({ actor }: Version): string {
  if (actor.user?.name) return actor.user.name;
  switch (actor.kind) {
    case "webhook":
      return "GitHub";
    case "scheduler":
    case "system":
      return actor.name ? `crewkit (${toLabel(actor.name)})` : "crewkit";
    case "service":
      return actor.name ?? "Unknown service";
    case "user":
      return "Unknown user";
  }
}

function Changes({ changes }: { changes: Version["changes"] }) {
  return (
    <ul className="mt-1 space-y-0.5 text-xs text-muted-foreground">
      {Object.entries(changes).map(([field, change]) => (
        <li key={field} className="break-all">
          {toLabel(field)}: {formatValue(change.before)} → {formatValue(change.after)}
        </li>
      ))}
    </ul>
  );
}

function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function toLabel(name: string): string {
  return name.replaceAll("_", " ");
}
