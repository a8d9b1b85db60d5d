// The fact catalogue of the repository, for tests.
#ifndef PATHWAYS_TESTS_SUPPORT_FACTS_H_
#define PATHWAYS_TESTS_SUPPORT_FACTS_H_

#include <cstdlib>
#include <memory>

#include "services/base/policy_pack_files.h"
#include "services/type/facts.h"

namespace pathways {

inline std::shared_ptr<const type::Facts> SampleFacts() {
  static const auto* const kFacts = [] {
    const auto files = base::FactFiles::Read(PATHWAYS_SOURCE_DIR "/policies/facts");
    if (!files.ok()) std::abort();
    auto compiled = type::Facts::Compile(files->catalogue());
    if (!compiled.ok()) std::abort();
    return new std::shared_ptr<const type::Facts>(*std::move(compiled));
  }();
  return *kFacts;
}

}  // namespace pathways

#endif  // PATHWAYS_TESTS_SUPPORT_FACTS_H_
