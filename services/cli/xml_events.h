// The elements of an XML document as they pass by, read by expat.
//
// Nothing is held of the document but what a reader keeps. A document type is refused, and with it
// every entity, internal or external: no spreadsheet has one. Names come with the namespace as one
// of those that spreadsheets use.
#ifndef PATHWAYS_SERVICES_CLI_XML_EVENTS_H_
#define PATHWAYS_SERVICES_CLI_XML_EVENTS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

struct XML_ParserStruct;

namespace pathways::cli {

enum class Ns {
  kNone,   // An attribute without a prefix.
  kOther,  // None of those below.
  kXlsx,   // Also that of ISO/IEC 29500 Strict.
  kRelationship,
  kPackage,
  kOffice,
  kTable,
  kText,
  kStyle,
  kNumber,
  kCalc,
  kManifest,
};

inline constexpr int kXmlDepthMax = 100;

// Attributes of one element; valid while it is handled.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
  // Empty where there is none.
  absl::string_view Get(Ns ns, absl::string_view name) const;
  bool Has(Ns ns, absl::string_view name) const;

 private:
  const char** pairs_;
};

// What a reader does with the elements.
class XmlReader {
 public:
  virtual ~XmlReader() = default;
  virtual void Start(Ns ns, absl::string_view name, const XmlAttributes& attributes) = 0;
  virtual void End(Ns ns, absl::string_view name) = 0;
  // A piece of text; one text may come in several.
  virtual void Text(absl::string_view text) = 0;

  // Why reading ends here. OK: it goes on.
  const absl::Status& status() const { return status_; }

 protected:
  void Fail(absl::Status status) { status_.Update(status); }

 private:
  absl::Status status_;
};

// Not thread-safe. `reader` must outlive it.
class XmlParser {
 public:
  explicit XmlParser(XmlReader& reader);

  // Parses on. INVALID_ARGUMENT: not well-formed, has a document type, or is nested too deep. Else
  // the reader's status.
  absl::Status Take(absl::string_view piece);
  // The document is over.
  absl::Status End();

 private:
  struct Free {
    void operator()(XML_ParserStruct* parser) const;
  };

  static void TakeStart(void* self, const char* name, const char** attributes);
  static void TakeEnd(void* self, const char* name);
  static void TakeText(void* self, const char* text, int bytes);
  static void TakeDocumentType(void* self, const char* name, const char* system_id,
                               const char* public_id, int has_internal);
  absl::Status Parse(absl::string_view piece, bool is_last);
  void StopWhenAsked();

  XmlReader& reader_;
  std::unique_ptr<XML_ParserStruct, Free> parser_;
  int depth_ = 0;
  absl::Status fault_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_XML_EVENTS_H_
