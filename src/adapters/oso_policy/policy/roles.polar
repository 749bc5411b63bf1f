# What a role allows its member.

role_allows(role, action) if
    role in ["owner", "admin", "member", "viewer"] and
    action in ["read", "stream"];

role_allows(role, action) if
    role in ["owner", "admin", "member"] and
    action in ["link", "sync", "issue_token"];

role_allows(role, action) if
    role in ["owner", "admin"] and
    action in ["install", "disconnect", "read_payload", "retry", "audit", "assign", "revoke_token"];
