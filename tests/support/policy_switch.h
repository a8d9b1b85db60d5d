// The switch of a caseload from policies/2023-07-28 to policies/current: people for it, and what
// has to be told of it.
//
// What changed is reckoned from the screenings before and after, as a reader of both would, and
// shares no code with eligibility.
#ifndef PATHWAYS_TESTS_SUPPORT_POLICY_SWITCH_H_
#define PATHWAYS_TESTS_SUPPORT_POLICY_SWITCH_H_

#include <string>
#include <vector>

#include "pathways/eligibility/v1/eligibility_service.pb.h"
#include "pathways/intake/v1/case.pb.h"

namespace pathways::testing_support {

inline constexpr char kUnitedStates[] = "us-refugee-resettlement";
inline constexpr char kMexico[] = "mx-refugee-status";
inline constexpr char kSuspended[] = "PATHWAY_SUSPENDED";

// The pack `name` of the source tree. Stops the test program when it cannot be loaded.
eligibility::v1::PolicyPack PackNamed(const std::string& name);

// In Mexico since before the statement: meets the conditions of kUnitedStates and of nothing else,
// by both packs.
void MakeUnitedStatesCase(const std::string& nationality, intake::v1::Person& person);

// From Honduras, in fear, in Mexico since `entry`: meets those of kMexico and of nothing else, for
// 30 working days.
void MakeMexicanCase(const type::v1::PartialDate& entry, intake::v1::Person& person);

// "pathway people outcome>outcome status>status" of each entry, sorted; prefixes are left out and
// what is not there is UNSPECIFIED.
std::vector<std::string> Told(const eligibility::v1::PolicyChange& change);

// The same, of every determination that is another one in `after` than in `before`.
std::vector<std::string> Seen(const eligibility::v1::Screening& before,
                              const eligibility::v1::Screening& after);

// Of one pathway. Stops the test program when there is none.
const eligibility::v1::Explanation& ExplanationOf(const eligibility::v1::Screening& screening,
                                                  const std::string& pathway);

// Its determinations as bytes.
std::string BytesOf(const google::protobuf::RepeatedPtrField<eligibility::v1::Determination>& of);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_POLICY_SWITCH_H_
