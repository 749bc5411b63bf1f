import { Note } from "@/components/feedback/Note";
import { RemedyActions } from "@/features/remedies/RemedyAction";
import type { Obstacle } from "@/features/remedies/remedy";

/** Explains why the repository can’t be linked, before the form is submitted. */
export function ObstacleNote({ obstacle, orgId }: { obstacle: Obstacle; orgId: string }) {
  return (
    <Note tone="warning" action={<RemedyActions remedies={obstacle.remedies} orgId={orgId} />}>
      {obstacle.message}
    </Note>
  );
}
