#include "services/cli/xml_events.h"

#include <expat.h>

#include <string>
#include <utility>

namespace pathways::cli {
namespace {

// Between namespace and name; no name has it.
constexpr char kSeparator = '|';

struct Namespace {
  absl::string_view uri;
  Ns ns;
};

// Not constexpr: under UBSan this compiler takes no address of a named array for a constant.
const Namespace kNamespaces[] = {
    {"http://schemas.openxmlformats.org/spreadsheetml/2006/main", Ns::kXlsx},
    {"http://purl.oclc.org/ooxml/spreadsheetml/main", Ns::kXlsx},
    {"http://schemas.openxmlformats.org/officeDocument/2006/relationships", Ns::kRelationship},
    {"http://purl.oclc.org/ooxml/officeDocument/relationships", Ns::kRelationship},
    {"http://schemas.openxmlformats.org/package/2006/relationships", Ns::kPackage},
    {"urn:oasis:names:tc:opendocument:xmlns:office:1.0", Ns::kOffice},
    {"urn:oasis:names:tc:opendocument:xmlns:table:1.0", Ns::kTable},
    {"urn:oasis:names:tc:opendocument:xmlns:text:1.0", Ns::kText},
    {"urn:oasis:names:tc:opendocument:xmlns:style:1.0", Ns::kStyle},
    {"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0", Ns::kNumber},
    {"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0", Ns::kCalc},
    {"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0", Ns::kManifest}};

std::pair<Ns, absl::string_view> NameOf(absl::string_view name) {
  const size_t end = name.rfind(kSeparator);
  if (end == absl::string_view::npos) return {Ns::kNone, name};
  const absl::string_view uri = name.substr(0, end);
  for (const Namespace& known : kNamespaces) {
    if (known.uri == uri) return {known.ns, name.substr(end + 1)};
  }
  return {Ns::kOther, name.substr(end + 1)};
}

}  // namespace

absl::string_view XmlAttributes::Get(Ns ns, absl::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (NameOf(pair[0]) == std::pair(ns, name)) return pair[1];
  }
  return "";
}

bool XmlAttributes::Has(Ns ns, absl::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (NameOf(pair[0]) == std::pair(ns, name)) return true;
  }
  return false;
}

void XmlParser::Free::operator()(XML_ParserStruct* parser) const { XML_ParserFree(parser); }

XmlParser::XmlParser(XmlReader& reader)
    : reader_(reader), parser_(XML_ParserCreateNS(nullptr, kSeparator)) {
  if (parser_ == nullptr) return;
  XML_SetUserData(parser_.get(), this);
  XML_SetElementHandler(parser_.get(), &TakeStart, &TakeEnd);
  XML_SetCharacterDataHandler(parser_.get(), &TakeText);
  XML_SetStartDoctypeDeclHandler(parser_.get(), &TakeDocumentType);
}

void XmlParser::StopWhenAsked() {
  if (!fault_.ok() || !reader_.status().ok()) XML_StopParser(parser_.get(), XML_FALSE);
}

void XmlParser::TakeStart(void* self, const char* name, const char** attributes) {
  auto* parser = static_cast<XmlParser*>(self);
  if (++parser->depth_ > kXmlDepthMax) {
    parser->fault_ = absl::InvalidArgumentError("the spreadsheet is damaged: its XML is too deep");
  } else {
    const auto [ns, local] = NameOf(name);
    parser->reader_.Start(ns, local, XmlAttributes(attributes));
  }
  parser->StopWhenAsked();
}

void XmlParser::TakeEnd(void* self, const char* name) {
  auto* parser = static_cast<XmlParser*>(self);
  --parser->depth_;
  const auto [ns, local] = NameOf(name);
  parser->reader_.End(ns, local);
  parser->StopWhenAsked();
}

void XmlParser::TakeText(void* self, const char* text, int bytes) {
  auto* parser = static_cast<XmlParser*>(self);
  parser->reader_.Text(absl::string_view(text, static_cast<size_t>(bytes)));
  parser->StopWhenAsked();
}

void XmlParser::TakeDocumentType(void* self, const char* name, const char* system_id,
                                 const char* public_id, int has_internal) {
  auto* parser = static_cast<XmlParser*>(self);
  parser->fault_ = absl::InvalidArgumentError(
      "the spreadsheet has a document type, which none has by itself: it may be made to harm");
  parser->StopWhenAsked();
}

absl::Status XmlParser::Parse(absl::string_view piece, bool is_last) {
  if (parser_ == nullptr) return absl::ResourceExhaustedError("no memory to read XML");
  const XML_Status parsed = XML_Parse(parser_.get(), piece.data(), static_cast<int>(piece.size()),
                                      is_last ? XML_TRUE : XML_FALSE);
  if (!fault_.ok()) return fault_;
  if (!reader_.status().ok()) return reader_.status();
  if (parsed == XML_STATUS_OK) return absl::OkStatus();
  if (XML_GetErrorCode(parser_.get()) == XML_ERROR_NO_MEMORY) {
    return absl::ResourceExhaustedError("the spreadsheet needs more memory than it may have");
  }
  return absl::InvalidArgumentError("the spreadsheet is damaged: its XML cannot be read");
}

absl::Status XmlParser::Take(absl::string_view piece) { return Parse(piece, /*is_last=*/false); }

absl::Status XmlParser::End() { return Parse("", /*is_last=*/true); }

}  // namespace pathways::cli
