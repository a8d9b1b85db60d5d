// What lies in the topics of events, against what the databases hold.
//
// The history checker reads stores alone; this is its other half. Every record of the three topics
// is read from the start. Repeats of a ce_id are allowed; without them the numbers of each case
// ascend without a hole, as consumers need them, and the set is that of the database.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_TOPIC_CHECK_H_
#define PATHWAYS_TESTS_DISTRIBUTED_TOPIC_CHECK_H_

#include <set>
#include <string>

#include "tests/support/history.h"
#include "tests/support/stores.h"

namespace pathways::testing_support {

// Lost: an event that no record holds. Out of order: an event before one with a lower number.
// Unexpected: a record that the database does not know, or that says something else than an
// earlier one with its ce_id. To be asked once everything was published.
Verdict CheckTopics(const std::string& topic_prefix, const Databases& databases);

// Unexpected: a text that is in the key, a header or the value of a record of any topic, the feed's
// too.
Verdict CheckForTexts(const std::string& topic_prefix, const std::set<std::string>& texts);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_TOPIC_CHECK_H_
