import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { messageOf, remediesOf } from "@/features/linking/formErrors";
import { RemedyActions } from "@/features/remedies/RemedyAction";
import type { Repository } from "@/lib/api/types";

/** An error of linking or importing, with the actions that help. */
export function FormError({
  error,
  name = "",
  repository,
  orgId,
  onRename,
  onReload,
}: {
  error: Error;
  name?: string;
  repository: Repository;
  orgId: string;
  onRename?: (name: string) => void;
  onReload?: () => void;
}) {
  return (
    <ProblemAlert error={error} message={messageOf(error)}>
      <RemedyActions
        remedies={remediesOf(error, name, repository)}
        orgId={orgId}
        onRename={onRename}
        onReload={onReload}
      />
    </ProblemAlert>
  );
}
