# Debian's Caddy, started as the official image starts it.
FROM local/postgres:15
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends caddy ca-certificates >/dev/null && rm -rf /var/lib/apt/lists/*
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config
ENTRYPOINT []
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
