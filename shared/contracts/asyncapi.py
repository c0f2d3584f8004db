"""Describe the log as an AsyncAPI 3.0 document: topics, senders and receivers, messages, headers.

After the AsyncAPI specification 3.0.0 and its Kafka bindings 0.5.0.
"""

import inspect

from shared.contracts import EVENTS, TOPICS, events_of
from shared.contracts.schema import IDENTIFIER, definitions
from shared.contracts.topics import SERVICES, Topic

Document = dict[str, object]

_BINDING = "0.5.0"

_PURPOSES = {
    "applications": "Participants' portal: applications, placements, mentors, what people do; it holds the names.",
    "matching": "Finds and explains matches, schedules visits, keeps mentorships.",
    "notifications": "Tells people what concerns them and keeps their deadlines.",
    "reporting": "Outcomes, figures and periods for donors.",
}

_TEXT: Document = {"type": "string"}
_HEADERS: Document = {
    "type": "object",
    "description": "Attributes of CloudEvents 1.0 in Kafka's binary mode, UTF-8, and the W3C trace context.",
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_subject",
        "ce_dataschema",
        "ce_partitionkey",
        "ce_correlationid",
        "ce_sequence",
        "content-type",
    ],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "The event's id; the same for a redelivery"},
        "ce_type": {**_TEXT, "description": "The event's name"},
        "ce_source": {
            **_TEXT,
            "enum": [f"urn:tandem:{service}" for service in SERVICES],
            "description": "The service that owns the fact",
        },
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened, in domain time"},
        "ce_subject": {**_TEXT, "description": "The aggregate's id, also the record's key"},
        "ce_dataschema": {**_TEXT, "description": "The schema of the payload"},
        "ce_partitionkey": {**_TEXT, "description": "The record's key"},
        "ce_correlationid": {**_TEXT, "description": "The story that the event belongs to, mostly an application"},
        "ce_causationid": {"type": "string", "format": "uuid", "description": "The event that caused this one"},
        "ce_sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "The place among the aggregate's events, from 1",
        },
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {**_TEXT, "description": "W3C trace context"},
    },
}


def document(version: str = "0.1.0") -> Document:
    """Return the AsyncAPI document of the whole log, made of `EVENTS` and `TOPICS`, always in the same order."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:tandem:log",
        "info": {
            "title": "Tandem event log",
            "version": version,
            "description": (
                "Every event of the programme. A fact has one owner, which alone writes its topic. No name, no contact "
                "and no free text about a person stands in any event; what stands there is pseudonymous personal data "
                "nevertheless."
            ),
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "log": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "Apache Kafka 4, KRaft",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "A broker's address"}},
            }
        },
        "channels": {name: _channel(topic) for name, topic in TOPICS.items()},
        "operations": _operations(),
        "components": {
            "schemas": definitions(EVENTS.values(), "#/components/schemas/{model}"),
            "messages": {name: _message(name) for name in EVENTS},
            "messageTraits": {
                "cloudevent": {
                    "headers": _HEADERS,
                    "correlationId": {"location": "$message.header#/ce_correlationid"},
                    "contentType": "application/json",
                }
            },
            "tags": {service: {"name": service, "description": _PURPOSES[service]} for service in SERVICES},
        },
    }


def _channel(topic: Topic) -> Document:
    kept = "its newest state per key, for ever" if topic.compacted else f"{topic.retention_ms // 86_400_000} days"
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"Owned by {topic.owner}, keyed by {topic.key}, keeps {kept}.",
        "servers": [{"$ref": "#/servers/log"}],
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"} for event in events_of(topic.name)},
        "tags": [{"$ref": f"#/components/tags/{topic.owner}"}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operations() -> Document:
    operations: Document = {}
    for topic in TOPICS.values():
        for service in (topic.owner, *topic.readers):
            owns = service == topic.owner
            operations[f"{service}.{'sends' if owns else 'receives'}.{topic.name}"] = {
                "action": "send" if owns else "receive",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "title": f"{service} {'sends to' if owns else 'receives from'} {topic.name}",
                "tags": [{"$ref": f"#/components/tags/{service}"}],
                "messages": [
                    {"$ref": f"#/channels/{topic.name}/messages/{event.type}"} for event in events_of(topic.name)
                ],
            }
    return operations


def _message(name: str) -> Document:
    event = EVENTS[name]
    text = inspect.getdoc(event) or ""
    return {
        "name": name,
        "title": event.label,
        "summary": text.partition("\n\n")[0].replace("\n", " "),
        "description": text,
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"The id of the {TOPICS[event.topic].key}"},
                "bindingVersion": _BINDING,
            }
        },
        "examples": [
            {
                "name": name,
                "headers": {
                    "ce_type": name,
                    "ce_source": f"urn:tandem:{TOPICS[event.topic].owner}",
                    "ce_dataschema": IDENTIFIER.format(type=name),
                },
                "payload": event(**event.example).model_dump(mode="json"),
            }
        ],
    }
