// Text in one Unicode form, over ICU.
//
// The same name is typed as one character or as a letter with a combining accent, by what the
// keyboard and the system make of it. NFC (UAX #15) is the form that is stored, so that a family
// that another computer has saved is the same family. Any thread; nothing blocks.
#ifndef PATHWAYS_SERVICES_BASE_UNICODE_H_
#define PATHWAYS_SERVICES_BASE_UNICODE_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::base {

// The text in NFC. One that is not well-formed UTF-8 comes back as it is: who checks it refuses it.
std::string Nfc(absl::string_view text);

// The text without accents and other combining marks: Núñez is Nunez. For comparing words, never
// for what is stored.
std::string Unaccented(absl::string_view text);

// Brings every text field of a message, at any depth, into NFC. Bytes fields stay.
void NormaliseText(google::protobuf::Message& message);

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_UNICODE_H_
