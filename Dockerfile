# Stage 1 builds a static program with the dictionary beside it.
FROM golang:1.26-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make dist && mv dist/huiwen-* /huiwen

# Stage 2 holds nothing else and runs as nobody special.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data huiwen && mkdir /data && chown huiwen /data
COPY --from=build /huiwen /opt/huiwen
USER huiwen
WORKDIR /data
VOLUME /data
ENV HUIWEN_LISTEN=0.0.0.0:8080 HUIWEN_INTERNAL=0.0.0.0:8081 HUIWEN_DATA=/data
EXPOSE 8080 8081
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/opt/huiwen/huiwen", "doctor", "--live"]
ENTRYPOINT ["/opt/huiwen/huiwen"]
CMD ["serve"]
