# One image for all of the project's services: code location, web server, daemon and set-up.
# The embedded stack is not in it: PostgreSQL, S3 and the text model are services of their own.
FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /opt/venv
# The dependencies come before the code, so that a change of the code does not install them again.
COPY requirements-server.lock ./
# Their tests, 100 MB with the bytecode, are of no use to an image.
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r requirements-server.lock \
    && find /opt/venv -type d \( -name test -o -name tests \) -prune \
    -exec sh -c 'ls "$1"/test_*.py >/dev/null 2>&1' sh {} \; -exec rm -rf {} +
COPY pyproject.toml README.md dagster.yaml workspace.yaml ./
COPY threads_pipelines threads_pipelines
COPY sql sql
COPY seeds seeds
COPY deploy/code_health.py deploy/workspace.yaml deploy/
# The user of the services cannot write bytecode, so it is compiled here.
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q threads_pipelines \
    && /opt/venv/bin/pip uninstall --yes pip

FROM python:3.11.14-slim-bookworm

RUN groupadd --gid 10001 threads \
    && useradd --uid 10001 --gid threads --no-create-home --shell /usr/sbin/nologin threads \
    && install --directory --owner threads --group threads /srv/dagster /srv/dagster/storage /srv/state /srv/tls
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY dagster.yaml /srv/dagster/dagster.yaml

# Code is read-only to the user that runs it; what it writes is in /srv and /tmp.
ENV DAGSTER_HOME=/srv/dagster \
    HOME=/srv/state \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    THREADS_STATE_DIR=/srv/state
USER 10001:10001
WORKDIR /app
CMD ["threads-pipelines", "--help"]
