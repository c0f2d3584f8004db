# Caddy of the local run; as in its image, the program may bind low ports and does not start where that right is missing.
FROM stand-in:debian
COPY caddy /usr/bin/caddy
RUN apt-get update -q && apt-get install -y -q --no-install-recommends libcap2-bin wget \
    && chmod 755 /usr/bin/caddy && setcap cap_net_bind_service=+ep /usr/bin/caddy && mkdir -p /config /data \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
