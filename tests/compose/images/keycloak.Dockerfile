# Keycloak's own distribution, on Debian's Java.
FROM stand-in:java
COPY --chown=1000:0 keycloak /opt/keycloak
USER 1000
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
