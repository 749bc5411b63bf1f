import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";
import { refusedInWords } from "@/lib/refusals";

/** Why nothing came of what was begun at the provider; it stays until it is put away. */
export function RefusedNote({
  code,
  account,
  onClose,
}: {
  code: string;
  account?: string | undefined;
  onClose: () => void;
}) {
  return (
    <div role="alert" className="mb-4">
      <Note
        tone="warning"
        action={
          <Button size="small" onClick={onClose}>
            Close
          </Button>
        }
      >
        <p>{refusedInWords(code, account)}</p>
        <p className="text-muted-foreground">Code {code}.</p>
      </Note>
    </div>
  );
}
