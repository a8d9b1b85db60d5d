// Two macros for functions that return absl::Status or absl::StatusOr: abseil of this release has
// none.
//
// RETURN_IF_ERROR(expression) returns the status when it is not OK. ASSIGN_OR_RETURN(declaration,
// expression) puts the value of a StatusOr into the declaration, or returns its status. Each
// evaluates its expression once.
#ifndef PATHWAYS_SERVICES_BASE_STATUS_MACROS_H_
#define PATHWAYS_SERVICES_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expression)                                                         \
  do {                                                                                      \
    if (absl::Status return_if_error_status = (expression); !return_if_error_status.ok()) { \
      return return_if_error_status;                                                        \
    }                                                                                       \
  } while (false)

#define PATHWAYS_CONCAT_INNER(a, b) a##b
#define PATHWAYS_CONCAT(a, b) PATHWAYS_CONCAT_INNER(a, b)
#define PATHWAYS_ASSIGN_OR_RETURN(result, declaration, expression) \
  auto result = (expression);                                      \
  if (!result.ok()) return std::move(result).status();             \
  declaration = *std::move(result)
#define ASSIGN_OR_RETURN(declaration, expression) \
  PATHWAYS_ASSIGN_OR_RETURN(PATHWAYS_CONCAT(assign_or_return_, __LINE__), declaration, expression)

#endif  // PATHWAYS_SERVICES_BASE_STATUS_MACROS_H_
