import type { components } from "@/lib/api/schema";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type CurrentUser = Schemas["CurrentUser"];
export type OrganizationOfUser = Schemas["OrganizationOfUser"];
export type Role = OrganizationOfUser["role"];
export type Integration = Schemas["IntegrationBody"];
export type CatalogSync = Schemas["CatalogSync"];
export type Repository = Schemas["RepositoryBody"];
export type RepositoryList = Schemas["RepositoryList"];
export type Branch = Schemas["BranchBody"];
export type Project = Schemas["ProjectBody"];
export type Link = Schemas["LinkBody"];
export type WebhookEvent = Schemas["EventBody"];
export type WebhookEventShown = Schemas["EventShownBody"];
export type Retried = Schemas["RetriedBody"];
export type Verdict = Schemas["VerdictBody"];
export type Attribution = Schemas["AttributionBody"];
export type Connection = Schemas["ConnectionBody"];
export type Version = Schemas["VersionBody"];
