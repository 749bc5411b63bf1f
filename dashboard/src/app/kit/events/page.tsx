import { Page } from "@/components/layout/Page";

export function EventsPage() {
  return <Page title="Events">{null}</Page>;
}
