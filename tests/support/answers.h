// Answers to facts of yes or no, in messages about a person.
#ifndef PATHWAYS_TESTS_SUPPORT_ANSWERS_H_
#define PATHWAYS_TESTS_SUPPORT_ANSWERS_H_

#include <algorithm>
#include <string>

#include "pathways/type/v1/fact.pb.h"

namespace pathways {

// Takes an answer back: the fact is not known any more.
template <typename Person>
void Forget(Person& person, const std::string& fact) {
  auto& answers = *person.mutable_answers();
  answers.erase(std::remove_if(answers.begin(), answers.end(),
                               [&](const auto& answer) { return answer.fact() == fact; }),
                answers.end());
}

// Answers in place of what was answered before. They stay in the order in which they are stored.
template <typename Person>
void SetAnswer(Person& person, const std::string& fact, bool yes) {
  Forget(person, fact);
  auto& answers = *person.mutable_answers();
  type::v1::FactAnswer& answer = *answers.Add();
  answer.set_fact(fact);
  answer.set_yes(yes);
  std::sort(answers.begin(), answers.end(),
            [](const auto& a, const auto& b) { return a.fact() < b.fact(); });
}

}  // namespace pathways

#endif  // PATHWAYS_TESTS_SUPPORT_ANSWERS_H_
