# What a person may do with their own accounts at providers: no role counts, and nobody else has a say in them.

allow(access, action, "account") if
    access.service = false and
    account_allows(action);

# A service that acts for them may do what its scopes allow. None allows `connect`: that takes a browser.
allow(access, action, "account") if
    access.service = true and
    account_allows(action) and
    scope in access.scopes and
    scope_allows_account(scope, action);

account_allows(action) if
    action in ["see_connection", "connect", "end_connection"];

scope_allows_account("git.read", "see_connection");
scope_allows_account("git.admin", "end_connection");
