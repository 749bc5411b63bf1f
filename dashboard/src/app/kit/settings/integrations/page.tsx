import { Page } from "@/components/layout/Page";

export function IntegrationsPage() {
  return <Page title="Integrations">{null}</Page>;
}
