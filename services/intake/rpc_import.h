// ImportCases: many registrations over one stream.
//
// Each request takes the road of RegisterCase and is answered once, in the order in which answers
// come. At most kImportWindow registrations of a stream are unanswered; then the server reads no
// more until it has answered, so a fast client is held back by the stream itself.
#ifndef PATHWAYS_SERVICES_INTAKE_RPC_IMPORT_H_
#define PATHWAYS_SERVICES_INTAKE_RPC_IMPORT_H_

#include "services/intake/rpc.h"

namespace pathways::intake {

inline constexpr int kImportWindow = 256;

// The reactor of one stream; it deletes itself when the stream is done.
grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse>* StartImport(
    const RpcParts& parts, grpc::CallbackServerContext* context);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_RPC_IMPORT_H_
