import { Page } from "@/components/layout/Page";

export function RepositoryPage() {
  return <Page title="Repository">{null}</Page>;
}
