#!/usr/bin/env bash
# Build the image, start compose.yaml, send a signed push, check that it is processed, and remove everything again.
# Needs a container engine with compose. COMPOSE can replace the command `docker compose`.
set -euo pipefail
cd "$(dirname "$0")/.."
compose=${COMPOSE:-docker compose}
work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=crewkit-git-try-$$ CREWKIT_GIT_PORT=127.0.0.1:${PORT:-13050} CREWKIT_GIT_GRPC_PORT=127.0.0.1:${GRPC_PORT:-15051}
test ! -e .env || { echo ".env already exists, and this script would overwrite it. Move it away first." >&2; exit 1; }
cleanup() {
    status=$?
    [ "$status" = 0 ] || $compose logs --no-color --tail 40 >&2 || true
    $compose down --volumes --timeout 20 >/dev/null 2>&1 || true
    rm -rf .env "$work"
    exit "$status"
}
trap cleanup EXIT

openssl genrsa -out "$work/key.pem" 2048 2>/dev/null
one_line() { awk 'BEGIN{ORS="\\n"}1' "$1"; }
openssl rsa -in "$work/key.pem" -pubout -out "$work/public.pem" 2>/dev/null
secret=$(openssl rand -hex 32)
umask 077
cat >.env <<ENV
POSTGRES_PASSWORD=$(openssl rand -hex 16)
CREWKIT_GIT_PUBLIC_URL=http://127.0.0.1:3050
CREWKIT_GIT_DASHBOARD_URL=http://127.0.0.1:3050
CREWKIT_GIT_AUTH_PUBLIC_KEY=$(one_line "$work/public.pem")
CREWKIT_GIT_AUTH_ISSUER=https://crewkit.example
CREWKIT_GIT_AUTH_AUDIENCE=crewkit-git
CREWKIT_GIT_ENCRYPTION_KEYS=k1:$(openssl rand -base64 32)
CREWKIT_GIT_GITHUB_CLIENT_ID=Iv23try
CREWKIT_GIT_GITHUB_CLIENT_SECRET=$(openssl rand -hex 20)
CREWKIT_GIT_GITHUB_PRIVATE_KEY=$(one_line "$work/key.pem")
CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS=$secret
ENV

$compose up --detach ${BUILD:---build}
url=http://$CREWKIT_GIT_PORT
for _ in $(seq 60); do curl -fsS "$url/readyz" >/dev/null 2>&1 && break; sleep 1; done
curl -fsS "$url/readyz"; echo
curl -fsS -o /dev/null -w 'dashboard %{http_code}\n' "$url/kit"

body=deploy/demo/payloads/push/branch.json
signature=$(openssl dgst -sha256 -hmac "$secret" "$body" | sed 's/.* //')
curl -fsS -o /dev/null -w 'delivery %{http_code}\n' "$url/api/v1/git/github/webhooks" --data-binary @$body \
    -H "content-type: application/json" -H "x-github-event: push" \
    -H "x-github-delivery: 11111111-2222-4333-8444-555555555555" -H "x-hub-signature-256: sha256=$signature"
for _ in $(seq 30); do
    shown=$($compose exec -T worker crewkit-git events list 2>/dev/null || true)
    case $shown in *unrouted*) break ;; esac
    sleep 1
done
echo "$shown"
case $shown in *unrouted*) ;; *) echo "The webhook delivery was not processed." >&2; exit 1 ;; esac
for service in api grpc worker scheduler; do
    for _ in $(seq 40); do
        id=$($compose ps -q $service)
        state=$(docker inspect -f '{{.State.Health.Status}}' "$id")
        [ "$state" = healthy ] && break
        sleep 1
    done
    echo "$service: $state, as user $(docker inspect -f '{{.Config.User}}' "$id"), read-only root file system: $(docker inspect -f '{{.HostConfig.ReadonlyRootfs}}' "$id")"
    [ "$state" = healthy ]
done
echo "The compose file works."
