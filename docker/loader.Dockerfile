# kgimport with everything that `kgimport run --target athena` needs: dbt, a Java, Neo4j's jars of one
# line, each checked against its lock, and Java's cache of their classes. Credentials come at run time,
# from AWS's own chain.
#
#   docker build -f docker/loader.Dockerfile --build-arg BASE=python:3.11-slim-trixie@sha256:… -t loader:0.1.0 .
#
# Name the base by its digest: a tag may be moved. docker buildx imagetools inspect shows it.
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
ARG NEO4J=2026.08.1
ENV UV_PROJECT_ENVIRONMENT=/opt/kgimport/venv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    KGIMPORT_CACHE=/opt/kgimport/cache
WORKDIR /src
COPY .ci/uv.txt .ci/
RUN python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement .ci/uv.txt
# What rarely changes comes first, so that a change of code downloads nothing again.
COPY pyproject.toml uv.lock README.md LICENSE NOTICE ./
RUN /opt/uv/bin/uv sync --locked --no-dev --extra embedded --extra dbt --extra athena --no-install-project --no-cache
COPY docker docker
COPY kgimport kgimport
RUN /opt/uv/bin/uv sync --locked --no-dev --extra embedded --extra dbt --extra athena --no-editable --no-cache
RUN /opt/kgimport/venv/bin/kgimport prepare --neo4j "${NEO4J}"

FROM ${BASE}
# The client alone, for `kgimport image`; on Debian 12 it is in the package docker.io.
ARG DOCKER_CLIENT=docker-cli
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates "${DOCKER_CLIENT}" \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home --home-dir /home/loader loader
COPY --from=build /opt/kgimport /opt/kgimport
COPY --chmod=0755 docker/loader.sh /opt/kgimport/loader.sh
COPY LICENSE NOTICE /opt/kgimport/
COPY --chown=loader:loader dbt /home/loader/dbt
ARG NEO4J=2026.08.1
ENV PATH=/opt/kgimport/venv/bin:$PATH \
    KGIMPORT_CACHE=/opt/kgimport/cache \
    KGIMPORT_RUN_NEO4J=${NEO4J}
WORKDIR /home/loader
USER 10001:10001
ENTRYPOINT ["/opt/kgimport/loader.sh"]
CMD ["--help"]
