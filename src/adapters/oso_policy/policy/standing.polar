# The permissions in an organization and for a user's account. No other file defines permissions.
#
# `access` is a dictionary of facts: `operator`, `role` (nil without a role), `outsider` (the acting user is not a
# member), `service` and its `scopes`. An action that no rule allows is forbidden.

# This service itself and its operators may do everything.
allow(access, _action, _resource) if
    access.operator = true;

# A user may do what the role allows.
allow(access, action, "organization") if
    access.service = false and
    role_allows(access.role, action) and
    not services_only(action);

# A service may do what its scopes allow.
allow(access, action, "organization") if
    access.service = true and
    access.role = nil and
    access.outsider = false and
    scopes_allow(access.scopes, action);

# A service that acts for a user needs both the role and the scopes.
allow(access, action, "organization") if
    access.service = true and
    role_allows(access.role, action) and
    scopes_allow(access.scopes, action);

scopes_allow(scopes, action) if
    scope in scopes and
    scope_allows(scope, action);
