import { useMutation } from "@tanstack/react-query";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import { api } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { Link, Project } from "@/lib/api/types";
import { notify } from "@/lib/notices";

/** Asks for confirmation before a repository is unlinked. */
export function UnlinkDialog({
  orgId,
  project,
  link,
  onUnlinked,
  onClose,
}: {
  orgId: string;
  project: Project;
  link: Link;
  onUnlinked: () => Promise<void>;
  onClose: () => void;
}) {
  const unlink = useMutation({
    mutationFn: async () => {
      try {
        await api.DELETE("/api/v1/{org_id}/projects/{project_id}/repository", {
          // Only the link that is shown is removed: a link that was created meanwhile stays.
          params: { path: { org_id: orgId, project_id: project.id }, query: { link_id: link.id } },
        });
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        if (error.code === "link_replaced") return false;
        // Someone else unlinked it first, or the response to the first attempt was lost.
        if (error.code !== "project_not_linked") throw error;
      }
      return true;
    },
    onSuccess: async (isUnlinked) => {
      notify(
        isUnlinked
          ? `${link.full_name} is unlinked from ${project.name}`
          : `Not unlinked: someone else just changed the repository of ${project.name}`,
      );
      await onUnlinked();
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent
        title={`Unlink ${link.full_name}?`}
        description={`${project.name} stops receiving events from this repository. Nothing changes on GitHub. Past events and commits are kept.`}
      >
        <div className="space-y-4">
          {unlink.error && <ProblemAlert error={unlink.error} />}
          <div className="flex justify-end gap-2">
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            <Button variant="danger" disabled={unlink.isPending || unlink.isSuccess} onClick={() => unlink.mutate()}>
              {unlink.isPending || unlink.isSuccess ? "Unlinking…" : "Unlink repository"}
            </Button>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}
