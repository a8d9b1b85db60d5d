// The decoders that read what others wrote, each as a function of any bytes.
//
// A target ends the process where the decoder breaks a promise; that it does not crash is the first
// of them, and the rest are in the target's own file. libFuzzer calls one target (fuzzer.cc), the
// tests call all of them over corpus/NAME/ (replay_test.cc).
#ifndef PATHWAYS_TESTS_FUZZ_TARGETS_H_
#define PATHWAYS_TESTS_FUZZ_TARGETS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::fuzz {

// A record of Kafka, in the form that corpus/kafka_record/ shows: key and headers, one on a line
// and with C escapes, an empty line, the value.
void KafkaRecord(absl::string_view bytes);
// The name of a service and a line end, then an event that it is said to have sent.
void UpstreamEvent(absl::string_view bytes);
// A file of registrations.
void ImportCsv(absl::string_view bytes);
void ImportJson(absl::string_view bytes);
// A spreadsheet, or its parts in the form that corpus/spreadsheet/ shows: "=== name" on a line
// before each. In this form a mutation reaches the XML, and not only a checksum.
void Spreadsheet(absl::string_view bytes);
// A token file.
void TokenFile(absl::string_view bytes);
// A page token, or the key in one.
void PageToken(absl::string_view bytes);
// A page token of eligibility's lists of versions, changes and reviews, or the key in one.
void ListToken(absl::string_view bytes);
// A resume token of a watch, or the text in one.
void ResumeToken(absl::string_view bytes);
// A fact catalogue in text format.
void FactCatalogue(absl::string_view bytes);
// A policy pack in text format.
void PolicyPack(absl::string_view bytes);

// Ends the process, with what was promised, unless `kept`.
void Require(bool kept, const char* promise);

// Bytes as a file, for what reads only files. It lies in memory, is private, and is gone with the
// object. Thread-safe.
class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const;

 private:
  int number_;
};

}  // namespace pathways::fuzz

#endif  // PATHWAYS_TESTS_FUZZ_TARGETS_H_
