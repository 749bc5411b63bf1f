import { Sidebar } from "@/components/layout/Sidebar";
import { Dialog, DialogContent } from "@/components/ui/dialog";

/** The sidebar where there is no room for it beside the page. */
export default function PhoneMenu({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <DialogContent title="crewkit" place="left">
        <Sidebar onNavigate={onClose} />
      </DialogContent>
    </Dialog>
  );
}
