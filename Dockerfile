# syntax=docker/dockerfile:1
# Two stages: one that has pip and installs by hash, one that has only what runs.
# The base is named by version; a deployment that must be reproducible to the byte pins its digest by --build-arg.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/yinqiao
RUN python -m venv /opt/yinqiao
# The lock alone first: a change of code does not install the dependencies again.
COPY requirements.lock ./
RUN /opt/yinqiao/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY app ./app
COPY migrations ./migrations
COPY seed ./seed
# Editable, as in a checkout, so that seed/ and migrations/ are found beside the package; the path of both stages
# is the same. The build backend comes from the lock, hence no isolated build.
RUN /opt/yinqiao/bin/pip install --no-deps --no-build-isolation --editable . \
    && /opt/yinqiao/bin/python -m compileall -q app \
    && /opt/yinqiao/bin/pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON_IMAGE} AS runtime
LABEL org.opencontainers.image.title="yinqiao" \
      org.opencontainers.image.description="银桥:养老与康养机构的融资政策匹配服务" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/yinqiao/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    YINQIAO_DATABASE_URL=sqlite:////var/lib/yinqiao/yinqiao.db
# pg_dump and pg_restore, for `yinqiao backup` on PostgreSQL.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
# A fixed number, so that a host can give the volume to the same owner.
RUN groupadd --system --gid 10001 yinqiao \
    && useradd --system --uid 10001 --gid yinqiao --no-create-home --shell /usr/sbin/nologin yinqiao \
    && install --directory --owner yinqiao --group yinqiao --mode 0750 /var/lib/yinqiao
COPY --from=builder /opt/yinqiao /opt/yinqiao
COPY --from=builder /srv/yinqiao /srv/yinqiao
WORKDIR /srv/yinqiao
USER 10001:10001
VOLUME /var/lib/yinqiao
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# `yinqiao migrate` and `yinqiao seed` are run once before, as compose.yaml does: several replicas that start
# together must not all migrate.
CMD ["yinqiao", "serve", "--host", "0.0.0.0", "--port", "8000"]
