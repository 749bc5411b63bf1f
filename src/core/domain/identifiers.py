"""Ids of rows and of the provider's objects.

Row ids stay inside the service. Callers see `external_id`s (UUID) and the provider's numeric ids.
"""

from typing import NewType

OrganizationId = NewType("OrganizationId", int)
UserId = NewType("UserId", int)
ProjectId = NewType("ProjectId", int)
IntegrationId = NewType("IntegrationId", int)
ConnectionId = NewType("ConnectionId", int)
LinkId = NewType("LinkId", int)
FlowId = NewType("FlowId", int)
RevocationId = NewType("RevocationId", int)
EventId = NewType("EventId", int)

# The provider's durable numeric ids, kept as text as the schema does. Names and logins can be renamed and
# taken over by others, so nothing is ever keyed on them.
RepoId = NewType("RepoId", str)
ProviderUserId = NewType("ProviderUserId", str)
AccountId = NewType("AccountId", str)
