import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Page } from "@/components/layout/Page";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { ConnectErrorNote } from "@/features/integrations/ConnectErrorNote";
import { useLeaving } from "@/hooks/useLeaving";
import { api, fetchBody } from "@/lib/api/client";
import type { Connection } from "@/lib/api/types";
import { notify } from "@/lib/notices";

const route = getRouteApi("/kit/$orgId/account/connections");

export function ConnectionsPage() {
  const { refused } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery({
    queryKey: ["connections"],
    queryFn: ({ signal }) => fetchBody(api.GET("/api/v1/user/git-connections", { signal })),
  });
  return (
    <Page title="GitHub account" about="Connect your GitHub account so that your commits are attributed to you.">
      {refused && <ConnectErrorNote code={refused} onClose={() => navigate({ search: {} })} />}
      {query.error && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
      {query.isPending && <Skeleton className="h-48 w-full rounded-xl" />}
      {query.data?.data.map((connection) => (
        <ConnectionCard key={connection.provider} connection={connection} />
      ))}
    </Page>
  );
}

const STANDING = {
  active: { tone: "success", badge: "Connected" },
  not_connected: { tone: "neutral", badge: "Not connected" },
  reconnect_required: { tone: "warning", badge: "Reconnect required" },
  revoked: { tone: "warning", badge: "Revoked on GitHub" },
} as const;

const MESSAGES: Record<Connection["status"], string | null> = {
  active: null,
  not_connected:
    "After you connect, your commits are matched by your GitHub account and its verified emails. Earlier commits are matched too.",
  reconnect_required: "GitHub no longer accepts crewkit’s access to your account. Reconnect to restore access.",
  revoked: "You revoked crewkit’s access on GitHub. Reconnect to restore access.",
};

function ConnectionCard({ connection }: { connection: Connection }) {
  const client = useQueryClient();
  const path = { provider: connection.provider };
  const connect = useMutation({
    mutationFn: () =>
      fetchBody(
        api.GET("/api/v1/user/git-connections/{provider}/authorize", {
          params: { path, query: { return_to: window.location.pathname } },
          headers: { accept: "application/json" },
        }),
      ),
    onSuccess: (body) => {
      if (typeof body === "object") window.location.assign(body.redirect_url);
    },
  });
  const disconnect = useMutation({
    mutationFn: () => api.DELETE("/api/v1/user/git-connections/{provider}", { params: { path } }),
    onSuccess: async () => {
      notify("GitHub account disconnected");
      await client.invalidateQueries({ queryKey: ["connections"] });
    },
  });
  const { tone, badge } = STANDING[connection.status];
  const error = connect.error ?? disconnect.error;
  const isLeaving = useLeaving(connect);
  return (
    <Card>
      <CardHeader>
        <div className="flex items-center gap-3">
          <CardTitle>{connection.username ? `GitHub: ${connection.username}` : "GitHub"}</CardTitle>
          <Badge tone={tone}>{badge}</Badge>
        </div>
        <div className="flex gap-2">
          {connection.action && (
            <Button variant="primary" disabled={isLeaving} onClick={() => connect.mutate()}>
              {isLeaving
                ? "Opening GitHub…"
                : connection.action.code === "connect"
                  ? "Connect GitHub"
                  : "Reconnect GitHub"}
            </Button>
          )}
          {connection.status !== "not_connected" && (
            <Button variant="danger" disabled={disconnect.isPending} onClick={() => disconnect.mutate()}>
              {disconnect.isPending ? "Disconnecting…" : "Disconnect"}
            </Button>
          )}
        </div>
      </CardHeader>
      <CardBody className="space-y-3 text-sm">
        {MESSAGES[connection.status] && <p>{MESSAGES[connection.status]}</p>}
        {connection.emails.length > 0 && (
          <div>
            <h3 className="text-muted-foreground">Verified emails used to match your commits</h3>
            <ul>
              {connection.emails.map((email) => (
                <li key={email}>{email}</li>
              ))}
            </ul>
          </div>
        )}
        {connection.connected_at && (
          <p className="text-muted-foreground">
            Connected <Time at={connection.connected_at} />
          </p>
        )}
        {error && <ProblemAlert error={error} />}
      </CardBody>
    </Card>
  );
}
