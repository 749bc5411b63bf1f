# Who may do what in an organization, or with an account of their own. These files are the only place that says so.
#
# A standing is a dictionary of facts: `operator`, `role` (nil: none here), `outsider` (a person acts who is no
# member), `service` and its `scopes`. What no rule allows is forbidden.

# The service itself, and whoever runs it, may do everything.
allow(standing, _action, _resource) if
    standing.operator = true;

# A person alone may do what their role allows.
allow(standing, action, "organization") if
    standing.service = false and
    role_allows(standing.role, action) and
    not services_only(action);

# A service alone may do what its scopes allow.
allow(standing, action, "organization") if
    standing.service = true and
    standing.role = nil and
    standing.outsider = false and
    scopes_allow(standing.scopes, action);

# A service that acts for a person may do what both may.
allow(standing, action, "organization") if
    standing.service = true and
    role_allows(standing.role, action) and
    scopes_allow(standing.scopes, action);

scopes_allow(scopes, action) if
    scope in scopes and
    scope_allows(scope, action);
