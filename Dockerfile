FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --locked --release && cp target/release/duijie /usr/local/bin/

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/duijie duijie
COPY --from=build /usr/local/bin/duijie /usr/local/bin/duijie
USER duijie
ENV DUIJIE_DATA=/var/lib/duijie DUIJIE_LISTEN=0.0.0.0:8080 MIMALLOC_PURGE_DELAY=10000
VOLUME /var/lib/duijie
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["curl", "-fsS", "http://127.0.0.1:8080/health/ready"]
ENTRYPOINT ["duijie"]
CMD ["serve"]
