#!/usr/bin/env python3
"""Prints one line for each event and feed record: type, number and ids, and nothing of the people.

Usage: PYTHONPATH=build print_events.py BOOTSTRAP [--follow]
"""

import sys

from confluent_kafka import Consumer, KafkaError, TopicPartition
from pathways.eligibility.v1 import events_pb2 as eligibility
from pathways.intake.v1 import events_pb2 as intake
from pathways.pipeline.v1 import feed_pb2 as feed
from pathways.referral.v1 import events_pb2 as referral

EVENTS = {
    "pathways.intake.events.v1": intake.IntakeEvent,
    "pathways.eligibility.events.v1": eligibility.EligibilityEvent,
    "pathways.referral.events.v1": referral.ReferralEvent,
}
FEED = "pathways.pipeline.v1"


def line(message):
    if message.topic() == FEED:
        record = feed.PipelineRecord.FromString(message.value())
        told = [feed.Stage.Name(record.stage), record.pathway, record.outcome, record.agency]
        return " ".join(["feed", record.id, record.pseudonym] + [text for text in told if text])
    headers = {name: value.decode() for name, value in message.headers()}
    event = EVENTS[message.topic()].FromString(message.value())
    # ce_type is what the sender says, the other what the bytes hold.
    kind = event.WhichOneof("kind")
    return f"{headers['ce_type']} ({kind}) {event.case_id} #{headers['pathways_number']} {headers['ce_id']}"


def main(bootstrap, follow):
    # No group is joined and no offset kept: it only looks. A real consumer keeps its position
    # together with the effect of the event (docs/events.md, rules for a consumer).
    settings = {"group.id": "print-events", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer({"bootstrap.servers": bootstrap, **settings})
    topics = consumer.list_topics(timeout=10).topics
    parts = [TopicPartition(t, p, 0) for t in [*EVENTS, FEED] for p in topics[t].partitions]
    consumer.assign(parts)
    unread = len(parts)
    while unread > 0 or follow:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            print(line(message))
        elif message.error().code() == KafkaError._PARTITION_EOF:
            unread -= 1
        else:
            sys.exit(f"print_events: {message.error()}")


if __name__ == "__main__":
    main(sys.argv[1], "--follow" in sys.argv)
