"""The demo organization: users, projects and links that match `deploy/demo/payloads`."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from adapters.github.protocol.webhooks import PROVIDER
from adapters.postgres.connection.database import Database
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.actors import SystemActor
from core.domain.audit import Change
from core.domain.catalog.repository import Repository
from core.domain.identifiers import AccountId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project, Role, User
from entrypoints.development.tokens import TokenSigner
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from local.seed import seed_membership, seed_organization, seed_project, seed_user
from ports.unit_of_work import Transaction

# A name always gives the same id, so a second start finds the data of the first.
_NAMESPACE = UUID("9a1d5f0a-5b1e-5c52-8f0e-3d0a4f5c7e21")
_OUTSIDER = "outsider"
_SEEDER = SystemActor("demo")
_SERVICES = {
    "reader": ("git.read",),
    "deployer": ("git.events", "git.read", "git.tokens"),
    "operator": ("git.admin", "git.events", "git.link", "git.read", "git.tokens"),
}


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """What `demo.json` publishes about the demo organization, for use with curl."""

    installation_id: int
    organization: Mapping[str, str]
    second_organization: Mapping[str, str]
    """The organization of the outsider. It has no integration yet."""
    users: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Mapping[str, str]]
    projects: tuple[Mapping[str, str], ...]


def seed(settings: Settings, *, connected: bool = True) -> DemoFacts:
    """Create missing demo data and return the facts. Later changes by users are kept.

    `connected` is whether the organization gets the sandbox's installation. With a real GitHub App it does not,
    because GitHub does not have this installation.
    """
    return asyncio.run(_seed(settings, connected=connected))


async def _seed(settings: Settings, *, connected: bool) -> DemoFacts:
    demo = json.loads(files("sandbox.state").joinpath("demo.json").read_bytes())
    assert settings.database_url is not None  # given, or of the server that was started
    database = Database(settings.database_url.reveal(), setting=f"{PREFIX}DATABASE_URL", max_connections=1)
    try:
        organization = await seed_organization(database, _id("organization"), name=demo["organization"]["name"])
        users = await _seed_users(database, organization, demo["users"])
        second = await seed_organization(database, _id("second organization"), name=demo["second_organization"]["name"])
        await seed_membership(database, users[_OUTSIDER].id, second.id, role=Role.OWNER)
        projects = [
            await seed_project(database, _id(project["name"]), organization.id, name=project["name"])
            for project in demo["projects"]
        ]
        async with PostgresUnitOfWork(database)() as tx:
            if connected and await tx.integrations.find(organization.id, PROVIDER) is None:
                await _connect(tx, organization, projects, demo)
                await tx.commit()
    finally:
        await database.close()
    signer = _signer(settings)
    return DemoFacts(
        installation_id=demo["installation"]["id"],
        organization={"id": str(organization.external_id), "name": organization.name},
        second_organization={"id": str(second.external_id), "name": second.name},
        users={
            role: {"id": str(user.external_id), "email": user.email, "token": signer.for_user(user.external_id)}
            for role, user in users.items()
        },
        services={name: {"token": signer.for_service(name, scopes)} for name, scopes in _SERVICES.items()},
        projects=tuple({"id": str(project.external_id), "name": project.name} for project in projects),
    )


async def _seed_users(database: Database, organization: Organization, people: list[dict[str, Any]]) -> dict[str, User]:
    users = {}
    for person in people:
        email = person["emails"][0]
        user = await seed_user(database, _id(email), email=email, name=person["name"])
        users[person["role"] or _OUTSIDER] = user
        if person["role"]:
            await seed_membership(database, user.id, organization.id, role=Role(person["role"]))
    return users


async def _connect(tx: Transaction, organization: Organization, projects: list[Project], demo: dict[str, Any]) -> None:
    """Connect the organization as if its owner had installed the app, and link each project."""
    installation = demo["installation"]
    account = installation["account"]
    at = datetime.fromisoformat(installation["updated_at"])
    integration = Integration(
        id=await tx.integrations.next_id(),
        external_id=_id("integration"),
        organization_id=organization.id,
        provider=PROVIDER,
        provider_id=str(installation["id"]),
        provider_name=account["login"],
        provider_url=account["html_url"],
        account_id=AccountId(str(account["id"])),
        account_type=account["type"],
        repository_selection=installation["repository_selection"],
        permissions=installation["permissions"],
        status_changed_at=at,
        synced_at=at,
        provider_updated_at=at,
        created_at=at,
        updated_at=at,
    )
    await tx.integrations.apply([Change(None, integration, _SEEDER)])
    catalog = {row["id"]: _repository(integration, row) for row in demo["repositories"]}
    await tx.catalog.save_repositories(list(catalog.values()))
    links = [
        Link(
            id=await tx.links.next_id(),
            external_id=_id(f"link {project.name}"),
            organization_id=organization.id,
            project_id=project.id,
            project_external_id=project.external_id,
            integration_id=integration.id,
            provider=PROVIDER,
            repo_id=repository.repo_id,
            repo_full_name=repository.full_name,
            repo_url=repository.url,
            default_branch=repository.default_branch or "main",
            created_at=at,
            updated_at=at,
        )
        for project, wanted in zip(projects, demo["projects"], strict=True)
        for repository in [catalog[wanted["repository_id"]]]
    ]
    await tx.links.apply([Change(None, link, _SEEDER) for link in links])


def _repository(integration: Integration, row: dict[str, Any]) -> Repository:
    return Repository(
        integration_id=integration.id,
        repo_id=RepoId(str(row["id"])),
        full_name=row["full_name"],
        url=row["html_url"],
        private=row["private"],
        archived=row["archived"],
        fork=row["fork"],
        default_branch=row["default_branch"],
        description=row["description"],
        language=row["language"],
        pushed_at=datetime.fromisoformat(row["pushed_at"]),
        provider_updated_at=datetime.fromisoformat(row["updated_at"]),
    )


def _signer(settings: Settings) -> TokenSigner:
    return TokenSigner(
        settings.development_key.read_bytes(), issuer=settings.auth_issuer or "", audience=settings.auth_audience or ""
    )


def _id(name: str) -> UUID:
    return uuid5(_NAMESPACE, name)
