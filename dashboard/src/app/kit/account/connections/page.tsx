import { Page } from "@/components/layout/Page";

export function ConnectionsPage() {
  return <Page title="Git connections">{null}</Page>;
}
