import { Building2 } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";

export function NoOrganization() {
  return (
    <EmptyState icon={Building2} title="You belong to no organization yet">
      Ask somebody who owns one in crewkit to invite you, then load this page again.
    </EmptyState>
  );
}
