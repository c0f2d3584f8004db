# Keycloak's own distribution, on Debian's Java. What its image builds at the first start of each container is built here,
# with the values of docker-compose.yml: it takes a minute or two each time.
FROM stand-in:java
COPY --chown=1000:0 keycloak /opt/keycloak
USER 1000
RUN KC_DB=postgres KC_HEALTH_ENABLED=true KC_CACHE=local /opt/keycloak/bin/kc.sh build
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
