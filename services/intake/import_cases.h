// ImportCases: many registrations over one stream.
//
// Each request takes the road of RegisterCase and is answered once, in the order in which answers
// come. At most kImportWindow registrations of a stream are unanswered; then the server reads no
// more until it has answered, so a fast client is held back by the stream itself.
#ifndef PATHWAYS_SERVICES_INTAKE_IMPORT_CASES_H_
#define PATHWAYS_SERVICES_INTAKE_IMPORT_CASES_H_

#include <memory>

#include "services/host/method.h"
#include "services/intake/methods.h"

namespace pathways::intake {

inline constexpr int kImportWindow = 256;

// The handler of one stream, in the name of `caller`.
std::shared_ptr<host::StreamHandler> StartImport(const MethodParts& parts,
                                                 const host::Caller& caller);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_IMPORT_CASES_H_
