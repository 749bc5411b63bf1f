import { Page } from "@/components/layout/Page";

export function AttributionPage() {
  return <Page title="Attribution">{null}</Page>;
}
