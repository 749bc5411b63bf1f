import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";

/** Confirms that GitHub was connected, after the browser returns from the provider. */
export function ConnectedNote({ account, onClose }: { account: string; onClose: () => void }) {
  return (
    <div role="status" className="mb-4">
      <Note
        tone="info"
        action={
          <Button size="small" onClick={onClose}>
            Dismiss
          </Button>
        }
      >
        <p>GitHub account connected: {account}</p>
      </Note>
    </div>
  );
}
