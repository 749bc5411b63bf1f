import { Page } from "@/components/layout/Page";

export function AuditPage() {
  return <Page title="Audit">{null}</Page>;
}
