import { Page } from "@/components/layout/Page";

export function ImportPage() {
  return <Page title="Import a repository">{null}</Page>;
}
