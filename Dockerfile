# syntax=docker/dockerfile:1
# The server in a small image: `docker build -t ringwarden .`
# The store is in the volume. In a container the addresses are open to other containers, so the server starts only with TLS
# and with credentials (docs/tls.md). With the certificate and its key in ./tls, readable by user 10001 only:
#   docker run -v ringwarden:/var/lib/ringwarden -v ./tls:/tls:ro -p 127.0.0.1:50051:50051 -p 127.0.0.1:8080:8080 \
#     -e RINGWARDEN_TLS_CERT=/tls/server.crt -e RINGWARDEN_TLS_KEY=/tls/server.key \
#     -e RINGWARDEN_BOOTSTRAP_ADMIN=/var/lib/ringwarden/admin.key \
#     -e RINGWARDEN_SERVER=https://localhost:50051 -e RINGWARDEN_CA=/tls/authority.pem ringwarden
# The last two variables are for the health check. Behind a proxy with TLS, RINGWARDEN_TLS_TERMINATED_IN_FRONT=true takes the
# place of the certificate.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# The target folder is a cache and not part of the image, so the binary is copied out of it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin ringwarden \
    && cp target/dist/ringwarden /ringwarden

FROM debian:bookworm-slim
# The group gets the same number. No files of /etc/skel, and nobody else may look into the volume.
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/ringwarden --shell /usr/sbin/nologin ringwarden \
    && install -d -o ringwarden -g ringwarden -m 700 /var/lib/ringwarden
COPY --from=build /ringwarden /usr/local/bin/ringwarden
USER 10001:10001
WORKDIR /var/lib/ringwarden
VOLUME /var/lib/ringwarden

# By default both addresses are of this machine only. In a container, `docker run -p` decides what is published.
# The image decides neither about TLS nor about credentials: without both, the server refuses to start and names the settings.
# In a container a load balancer is likely, and it needs some time to notice that a server ends.
ENV RINGWARDEN_GRPC_ADDR=0.0.0.0:50051 \
    RINGWARDEN_HTTP_ADDR=0.0.0.0:8080 \
    RINGWARDEN_STORE=embedded:/var/lib/ringwarden/data \
    RINGWARDEN_SHUTDOWN_GRACE=5s
EXPOSE 50051 8080

# Healthy when the index is loaded; a large store takes a while.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["ringwarden", "health"]
# The grace (5 s) and the drain (10 s by default) of a stopping server need `docker stop --time 20`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ringwarden"]
CMD ["serve"]
