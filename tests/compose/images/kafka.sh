#!/bin/bash
# Format the volume if it is empty, and start the broker with the mounted properties.
set -euo pipefail
export CLUSTER_ID=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
read -r -a heap <<< "${KAFKA_HEAP_OPTS:-}"
java=(java "${heap[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "/opt/kafka/libs/*")
# As the image does: a volume that has been formatted is no failure.
said=$("${java[@]}" kafka.docker.KafkaDockerWrapper setup -D /etc/kafka/docker -M /mnt/shared/config \
	-F /opt/kafka/config 2>&1) || grep -q "already formatted" <<< "$said" || { echo "$said"; exit 1; }
exec "${java[@]}" kafka.Kafka /opt/kafka/config/server.properties
