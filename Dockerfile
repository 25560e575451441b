# A static binary on nothing else. The builder can be replaced where golang:1.26 cannot be pulled:
#   docker build --build-arg GO_IMAGE=registry.example/golang:1.26 .
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS build
WORKDIR /src
# Modules first: a change of code alone does not fetch them again.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# There is no history in here to tell the version by.
ARG VERSION=
ARG COMMIT=
ARG DATE=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/signet-auth/signet/cmd/run.version=${VERSION} -X github.com/signet-auth/signet/cmd/run.commit=${COMMIT} -X github.com/signet-auth/signet/cmd/run.date=${DATE}" -o /out/signet ./cmd/signet \
 && install -d -m 0700 /out/root/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/signet /signet
# Brings /data. A new volume takes the owner and mode of this folder, so the account below, and no other, can use it.
COPY --from=build --chown=65532:65532 /out/root/ /
ENV DATA_DIR=/data HOST=0.0.0.0
# The working folder is also where SQLite puts temporary files: there is no /tmp.
WORKDIR /data
VOLUME /data
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
# The public listener only. The admin listener stays on the container's own loopback unless ADMIN_ADDR says otherwise.
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/signet", "health"]
ENTRYPOINT ["/signet"]
CMD ["serve"]
