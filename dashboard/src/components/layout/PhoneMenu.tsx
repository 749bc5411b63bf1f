import { Sidebar } from "@/components/layout/Sidebar";
import { Dialog, DialogContent } from "@/components/ui/dialog";

/** The sidebar as a dialog, for narrow screens. */
export default function PhoneMenu({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent title="crewkit" place="left">
        <Sidebar onNavigate={onClose} />
      </DialogContent>
    </Dialog>
  );
}
