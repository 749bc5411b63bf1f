import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";

export default function DiscardDialog({ onKeep, onDiscard }: { onKeep: () => void; onDiscard: () => void }) {
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onKeep()}>
      <DialogContent title="Discard unsaved changes?" description="Your unsaved changes on this page will be lost.">
        <div className="flex justify-end gap-2">
          <Button onClick={onKeep}>Keep editing</Button>
          <Button variant="danger" onClick={onDiscard}>
            Discard changes
          </Button>
        </div>
      </DialogContent>
    </Dialog>
  );
}
