import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { type Projects, useLinkedProjects } from "@/features/projects/useProjects";
import { api } from "@/lib/api/client";
import { notify } from "@/lib/notices";

/** Asks for confirmation before GitHub is disconnected, with the affectedInWords projects. */
export function DisconnectDialog({ orgId, account, onClose }: { orgId: string; account: string; onClose: () => void }) {
  const [uninstall, setUninstall] = useState(false);
  const box = useId();
  const { data: linked } = useLinkedProjects(orgId);
  const client = useQueryClient();
  const disconnect = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/{org_id}/git-integrations/{provider}", {
        params: { path: { org_id: orgId, provider: PROVIDER }, query: { uninstall } },
      }),
    onSuccess: async () => {
      await client.invalidateQueries();
      notify("GitHub disconnected");
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent
        title={`Disconnect ${account}?`}
        description="Projects in this organization stop receiving events, and crewkit’s access tokens are revoked. Links, events and attributions are kept. Reconnect at any time."
      >
        <div className="space-y-4">
          <p className="min-h-10 text-sm">{linked && affectedInWords(linked)}</p>
          <label htmlFor={box} className="flex items-start gap-2 text-sm">
            <input
              id={box}
              type="checkbox"
              className="mt-1"
              checked={uninstall}
              onChange={(event) => setUninstall(event.target.checked)}
            />
            Also uninstall the app on GitHub
          </label>
          {disconnect.error && <ProblemAlert error={disconnect.error} />}
          <div className="flex justify-end gap-2">
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            <Button variant="danger" disabled={disconnect.isPending} onClick={() => disconnect.mutate()}>
              {disconnect.isPending ? "Disconnecting…" : "Disconnect"}
            </Button>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}

function affectedInWords({ projects, areMore }: Projects): string {
  if (projects.length === 0) return "No projects are affectedInWords.";
  if (areMore) return `More than ${projects.length} projects stop receiving events.`;
  const [first, second, third] = projects.map((project) => project.name);
  if (projects.length === 1) return `${first} stops receiving events.`;
  const rest = projects.length > 3 ? ` and ${projects.length - 3} more` : "";
  const names = [first, second, third].filter(Boolean).join(", ");
  return `${projects.length} projects stop receiving events: ${names}${rest}.`;
}
