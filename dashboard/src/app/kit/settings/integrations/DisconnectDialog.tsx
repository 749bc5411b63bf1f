import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import { PROVIDER } from "@/hooks/useIntegration";
import { type Projects, useLinkedProjects } from "@/hooks/useProjects";
import { api } from "@/lib/api/client";
import { notify } from "@/lib/notices";

/** Asks before disconnecting, saying what that means. */
export function DisconnectDialog({
  orgId,
  account,
  onClose,
}: {
  orgId: string;
  account: string;
  onClose: () => void;
}) {
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
      notify("GitHub is disconnected.");
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent
        title={`Disconnect ${account}?`}
        description="Pushes and pull requests no longer reach any project of this organization, and our tokens are revoked. Links, events and attributions are kept, and work again after reconnecting."
      >
        <div className="space-y-4">
          <p className="min-h-10 text-sm">{linked && affected(linked)}</p>
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

function affected({ projects, areMore }: Projects): string {
  if (projects.length === 0) return "No project is linked to a repository of it.";
  if (areMore)
    return `More than ${projects.length} projects are linked to repositories of it and are told nothing any more.`;
  const [first, second, third] = projects.map((one) => one.name);
  if (projects.length === 1) return `${first} is linked to a repository of it and is told nothing any more.`;
  const rest = projects.length > 3 ? ` and ${projects.length - 3} more` : "";
  const names = [first, second, third].filter(Boolean).join(", ");
  return `${projects.length} projects are linked to repositories of it and are told nothing any more: ${names}${rest}.`;
}
