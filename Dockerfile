# syntax=docker/dockerfile:1
# docker build -t signald . && docker run --rm -v ./signald.toml:/etc/signald/signald.toml:ro signald

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
# `check` compiles the kernels; on another kind of processor they are compiled anew at the first start.
RUN pip install --no-deps . && signald check

FROM python:3.12-slim
LABEL org.opencontainers.image.title="signald" \
      org.opencontainers.image.description="Scores macroeconomic releases and publishes trading signals" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /var/lib/signald --create-home signald
COPY --from=build /opt/signald /opt/signald
RUN chown -R signald /opt/signald/kernels
ENV PATH=/opt/signald/bin:$PATH \
    SIGNALD_KERNEL_CACHE=/opt/signald/kernels \
    PYTHONUNBUFFERED=1 \
    SIGNALD_JOURNAL__PATH=/var/lib/signald/journal \
    SIGNALD_METRICS__HOST=0.0.0.0
USER 10001
WORKDIR /var/lib/signald
VOLUME /var/lib/signald
EXPOSE 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["signald"]
CMD ["run", "--config", "/etc/signald/signald.toml"]
