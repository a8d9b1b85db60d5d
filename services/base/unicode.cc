#include "services/base/unicode.h"

#include <google/protobuf/descriptor.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "services/type/text.h"

namespace pathways::base {
namespace {

using ::google::protobuf::FieldDescriptor;

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

void NormaliseField(const FieldDescriptor& field, google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const bool is_text = field.type() == FieldDescriptor::TYPE_STRING;
  if (!is_text && field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
  if (!field.is_repeated()) {
    if (is_text) {
      reflection.SetString(&message, &field, Nfc(reflection.GetString(message, &field)));
    } else {
      NormaliseText(*reflection.MutableMessage(&message, &field));
    }
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (is_text) {
      reflection.SetRepeatedString(&message, &field, i,
                                   Nfc(reflection.GetRepeatedString(message, &field, i)));
    } else {
      NormaliseText(*reflection.MutableRepeatedMessage(&message, &field, i));
    }
  }
}

using GetForm = const icu::Normalizer2* (*)(UErrorCode&);

std::string InForm(absl::string_view text, GetForm get) {
  if (IsAscii(text)) return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const form = get(error);
  if (U_FAILURE(error)) return std::string(text);
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  // ICU would put U+FFFD where the text is not well-formed.
  if (!type::IsUtf8(text)) return std::string(text);
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  form->normalizeUTF8(0, piece, sink, nullptr, error);
  return U_SUCCESS(error) ? result : std::string(text);
}

}  // namespace

std::string Nfc(absl::string_view text) { return InForm(text, &icu::Normalizer2::getNFCInstance); }

std::string Unaccented(absl::string_view text) {
  const std::string apart = InForm(text, &icu::Normalizer2::getNFDInstance);
  std::string plain;
  for (size_t i = 0; i < apart.size(); ++i) {
    // Combining diacritical marks, U+0300 to U+036F: CC 80 to CD AF.
    const auto lead = static_cast<unsigned char>(apart[i]);
    const auto next = static_cast<unsigned char>(i + 1 < apart.size() ? apart[i + 1] : 0);
    if (lead == 0xCC || (lead == 0xCD && next <= 0xAF)) {
      ++i;
    } else {
      plain.push_back(apart[i]);
    }
  }
  return plain;
}

void NormaliseText(google::protobuf::Message& message) {
  std::vector<const FieldDescriptor*> fields;  // Those that are set.
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) NormaliseField(*field, message);
}

}  // namespace pathways::base
