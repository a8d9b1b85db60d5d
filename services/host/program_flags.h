// Flags of a service's own program: one for each setting, and --help and --version.
//
// The flag parser stays in the .cc beside this header; a program knows only its settings.
#ifndef PATHWAYS_SERVICES_HOST_PROGRAM_FLAGS_H_
#define PATHWAYS_SERVICES_HOST_PROGRAM_FLAGS_H_

#include <optional>
#include <string>

#include "services/host/settings.h"

namespace pathways::host {

// Sets what the command line gives. An exit code when the program is to end: 0 after help or
// version, 2 for an unknown flag.
std::optional<int> ParseFlags(int argc, const char* const* argv, const std::string& name,
                              const std::string& description, Settings& settings);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_PROGRAM_FLAGS_H_
