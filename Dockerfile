# syntax=docker/dockerfile:1
# Both programs in one image; the command chooses.
FROM node:24-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --ignore-scripts
COPY web/ ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/build/ web/build/
ARG VERSION=unset
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X pipecd/pkg/version.Version=${VERSION}" -o /out/ ./cmd/pipecd ./cmd/piped

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git openssh-client && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home pipecd
COPY --from=build /out/ /usr/local/bin/
USER pipecd
EXPOSE 8080 9085
ENTRYPOINT ["/usr/local/bin/pipecd"]
