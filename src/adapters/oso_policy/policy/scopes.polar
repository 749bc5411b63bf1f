# What a scope allows a service. None allows `install`: that takes a person with a browser.

scope_allows("git.read", "read");
scope_allows("git.events", "stream");
scope_allows("git.tokens", "issue_token");

scope_allows("git.link", action) if
    action in ["link", "sync"];

scope_allows("git.admin", action) if
    action in ["disconnect", "read_payload", "retry", "audit", "assign", "revoke_token"];

# A token in a person's hands would outlive their role; services are given one for a purpose.
services_only("issue_token");
