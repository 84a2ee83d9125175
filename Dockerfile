# syntax=docker/dockerfile:1
# docker build -t signald . && docker run --rm -v ./signald.toml:/etc/signald/signald.toml:ro signald
# `make image` builds it where a builder is at hand, and looks at what came out; elsewhere it plays it without one.

FROM python:3.12-slim AS build
RUN python -m venv /opt/signald
ENV PATH=/opt/signald/bin:$PATH \
    SIGNALD_KERNEL_CACHE=/opt/signald/kernels \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock .
RUN pip install --require-hashes --only-binary=:all: -r requirements.lock
# The version is the newest tag's, and the build context has no history.
ARG VERSION=0.1.0
ENV SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION
COPY pyproject.toml README.md LICENSE ./
COPY configs configs
COPY signald signald
# `check` compiles the kernels; on another kind of processor they are compiled anew at each start, unless
# SIGNALD_KERNEL_CACHE names a place that can be written, such as /var/lib/signald/kernels.
RUN pip install --no-deps . && signald check && pip uninstall --yes pip
# A tenth of the size: others' tests, and the byte code of a hundred exchanges that nobody imports.
RUN find /opt/signald/lib -type d \( -name tests -o -path '*/ccxt/*/__pycache__' -o -path '*/ccxt/__pycache__' \) -prune -exec rm -r {} +

FROM python:3.12-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="signald" \
      org.opencontainers.image.description="Scores macroeconomic releases and publishes trading signals" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
RUN useradd --system --uid 10001 --home-dir /var/lib/signald --create-home signald
COPY --from=build /opt/signald /opt/signald
ENV PATH=/opt/signald/bin:$PATH \
    SIGNALD_KERNEL_CACHE=/opt/signald/kernels \
    PYTHONUNBUFFERED=1 \
    SIGNALD_JOURNAL__PATH=/var/lib/signald/journal \
    SIGNALD_METRICS__HOST=0.0.0.0
USER 10001
WORKDIR /var/lib/signald
VOLUME /var/lib/signald
EXPOSE 9464 9465
STOPSIGNAL SIGTERM
# Is this daemon ready? (`signald status` speaks of all that share a Redis.)
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as ask; ask.urlopen('http://127.0.0.1:' + os.environ.get('SIGNALD_METRICS__PORT', '9464') + '/ready', timeout=4)"]
ENTRYPOINT ["signald"]
CMD ["run", "--config", "/etc/signald/signald.toml"]
