# Apache Kafka of the local run, prepared by the class of its own image that reads the mounted file.
FROM stand-in:java
COPY libs /opt/kafka/libs
COPY kafka.sh /usr/local/bin/kafka.sh
RUN useradd --uid 1000 appuser && mkdir -p /etc/kafka/docker /mnt/shared/config /opt/kafka/config /var/lib/kafka/data \
    && chown appuser /opt/kafka/config /var/lib/kafka/data && chmod 755 /usr/local/bin/kafka.sh
USER appuser
CMD ["kafka.sh"]
