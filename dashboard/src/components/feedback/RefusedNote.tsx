import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";
import { refusedInWords } from "@/lib/refusals";

/** Explains why a flow at GitHub failed. Stays until it is dismissed. */
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
            Dismiss
          </Button>
        }
      >
        <p>{refusedInWords(code, account)}</p>
        <p className="text-muted-foreground">Code {code}</p>
      </Note>
    </div>
  );
}
