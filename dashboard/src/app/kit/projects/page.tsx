import { Page } from "@/components/layout/Page";

export function ProjectsPage() {
  return <Page title="Projects">{null}</Page>;
}
