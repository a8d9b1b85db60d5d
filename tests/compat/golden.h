// Events as a release wrote them: text for people, bytes for the decoder, headers of their record.
//
// golden/FOLDER/NAME.textproto says what an event holds, NAME.hex the bytes that stand in stores
// and topics for it, NAME.sealed.hex those of its sealed column, where it has one, and NAME.headers
// what comes with them on Kafka. The file of an event begins with
// the name of its kind, so that a kind may have several. tests/compat/README.md says when a file
// may change.
#ifndef PATHWAYS_TESTS_COMPAT_GOLDEN_H_
#define PATHWAYS_TESTS_COMPAT_GOLDEN_H_

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/engine/sealed_fields.h"
#include "services/follow/bus/kafka_record.h"

namespace pathways::compat {

// The messages of one folder.
struct Family {
  std::string folder;
  const google::protobuf::Message& prototype;
  bool is_event = false;  // An envelope with a oneof "kind", and a record of Kafka.
};
const std::vector<Family>& Families();

struct Golden {
  const Family& family;
  std::string name;  // Of the files, without ending.

  std::string PathOf(absl::string_view ending) const;
  // What the text says. Null where it cannot be parsed.
  std::unique_ptr<google::protobuf::Message> Read() const;
};

// Every text in a family's folder, by name.
std::vector<Golden> GoldensOf(const Family& family);

// The bytes of both columns of an event; of another message all of it is open.
engine::EventColumns ColumnsOf(const Family& family, const google::protobuf::Message& message);
// The other way round.
bool ReadColumns(const Family& family, const engine::EventColumns& columns,
                 google::protobuf::Message& message);

// An event with these bytes in its place in a stream, as it is published.
follow::KafkaRecord RecordOf(const Family& family, const google::protobuf::Message& event,
                             const std::string& bytes);

// Key and headers of a record, one on a line.
std::string HeaderText(const follow::KafkaRecord& record);
// The record that a text and bytes make.
follow::KafkaRecord ParseHeaders(absl::string_view text, const std::string& bytes);

// 32 bytes on a line.
std::string HexText(absl::string_view bytes);
std::string ParseHex(absl::string_view text);

// Empty where there is no such file.
std::string ReadFile(const std::string& path);

}  // namespace pathways::compat

#endif  // PATHWAYS_TESTS_COMPAT_GOLDEN_H_
