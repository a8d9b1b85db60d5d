#include "services/type/people.h"

#include <algorithm>

namespace pathways::type {
namespace {

template <typename IsWanted>
const v1::PersonFacts* First(const v1::CaseFacts& facts, IsWanted is_wanted) {
  const auto found = std::find_if(facts.people().begin(), facts.people().end(), is_wanted);
  return found == facts.people().end() ? nullptr : &*found;
}

}  // namespace

const v1::PersonFacts* PrincipalOf(const v1::CaseFacts& facts) {
  return First(facts, [](const v1::PersonFacts& person) {
    return person.relationship() == v1::RELATIONSHIP_PRINCIPAL;
  });
}

const v1::PersonFacts* FindPerson(const v1::CaseFacts& facts, absl::string_view person_id) {
  return First(facts,
               [&](const v1::PersonFacts& person) { return person.person_id() == person_id; });
}

}  // namespace pathways::type
