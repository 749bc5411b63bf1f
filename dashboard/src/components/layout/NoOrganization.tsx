import { Building2 } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";

export function NoOrganization() {
  return (
    <EmptyState icon={Building2} title="You’re not in an organization yet">
      Ask an owner of an organization to invite you, then reload this page.
    </EmptyState>
  );
}
