import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";
import { connectErrorInWords } from "@/features/integrations/connectErrors";

/** Explains why a flow at GitHub failed. Stays until it is dismissed. */
export function ConnectErrorNote({
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
        <p>{connectErrorInWords(code, account)}</p>
        <p className="text-muted-foreground">Code {code}</p>
      </Note>
    </div>
  );
}
