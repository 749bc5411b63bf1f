# Who may do what in an organization, or with an account of their own. These files are the only place that says so.
#
# A access is a dictionary of facts: `operator`, `role` (nil: none here), `outsider` (a person acts who is no
# member), `service` and its `scopes`. What no rule allows is forbidden.

# The service itself, and whoever runs it, may do everything.
allow(access, _action, _resource) if
    access.operator = true;

# A person alone may do what their role allows.
allow(access, action, "organization") if
    access.service = false and
    role_allows(access.role, action) and
    not services_only(action);

# A service alone may do what its scopes allow.
allow(access, action, "organization") if
    access.service = true and
    access.role = nil and
    access.outsider = false and
    scopes_allow(access.scopes, action);

# A service that acts for a person may do what both may.
allow(access, action, "organization") if
    access.service = true and
    role_allows(access.role, action) and
    scopes_allow(access.scopes, action);

scopes_allow(scopes, action) if
    scope in scopes and
    scope_allows(scope, action);
