package org.pathways.samples;

import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;
import pathways.eligibility.v1.Events.EligibilityEvent;
import pathways.intake.v1.Events.IntakeEvent;
import pathways.pipeline.v1.Feed.PipelineRecord;
import pathways.referral.v1.Events.ReferralEvent;

/** Prints one line for each event and feed record: type, number and ids, and nothing of the people. */
public class PrintEvents {
  static String header(ConsumerRecord<String, byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value());
  }

  static String line(ConsumerRecord<String, byte[]> record) throws Exception {
    byte[] data = record.value();
    if (record.topic().equals("pathways.pipeline.v1")) {
      PipelineRecord told = PipelineRecord.parseFrom(data);
      return String.join(" ", "feed", told.getId(), told.getPseudonym(), told.getStage().name(),
          told.getPathway(), told.getOutcome(), told.getAgency()).replaceAll(" +", " ").strip();
    }
    // ce_type is what the sender says, the kind what the bytes hold.
    String kind = switch (record.topic()) {
      case "pathways.intake.events.v1" -> IntakeEvent.parseFrom(data).getKindCase().name();
      case "pathways.eligibility.events.v1" -> EligibilityEvent.parseFrom(data).getKindCase().name();
      default -> ReferralEvent.parseFrom(data).getKindCase().name();
    };
    return String.format("%s (%s) %s #%s %s", header(record, "ce_type"), kind.toLowerCase(),
        record.key(), header(record, "pathways_number"), header(record, "ce_id"));
  }

  public static void main(String[] args) throws Exception {
    // No group is joined and no offset kept: it only looks. A real consumer keeps its position
    // together with the effect of the event (docs/events.md, rules for a consumer).
    Map<String, Object> settings = Map.of("bootstrap.servers", args[0]);
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String name : List.of("intake.events", "eligibility.events", "referral.events", "pipeline")) {
        consumer.partitionsFor("pathways." + name + ".v1")
            .forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(part -> consumer.position(part) < ends.get(part))) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(line(record));
        }
      }
    }
  }
}
