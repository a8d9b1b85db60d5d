#include "services/eligibility/domain/demands.h"

#include <algorithm>
#include <set>

namespace pathways::eligibility {
namespace {

size_t NodeAt(size_t word, size_t bit) { return (word - kNodeWord) * kWordBits + bit; }

// `asks`: where it is not true it is a question, as within ask_unless.
void AddPlace(const Place& place, bool asks, std::vector<Demand>& demands) {
  const auto same_word = [&](const Demand& demand) { return demand.word == place.word; };
  auto demand = std::find_if(demands.begin(), demands.end(), same_word);
  if (demand == demands.end()) demand = demands.insert(demands.end(), Demand{.word = place.word});
  const uint64_t bit = uint64_t{1} << place.bit;
  (place.negated ? demand->need_no : demand->need_yes) |= bit;
  if (!asks) (place.negated ? demand->fail_yes : demand->fail_no) |= bit;
}

void Add(const Program& program, const Place& place, bool asks, std::vector<Demand>& demands) {
  if (place.word < kNodeWord) return AddPlace(place, asks, demands);
  const Node& node = program.nodes[NodeAt(place.word, place.bit)];
  const bool is_all = place.negated ? node.kind == Node::kAny : node.kind != Node::kAny;
  // `not ask_unless` is never true: it stays what it is.
  if (!is_all || (place.negated && node.kind == Node::kAskUnless)) {
    return AddPlace(place, asks, demands);
  }
  for (Place part : node.parts) {
    part.negated ^= place.negated;
    Add(program, part, asks || node.kind == Node::kAskUnless, demands);
  }
}

void AddNodes(const Program& program, size_t node, std::set<uint16_t>& nodes) {
  if (!nodes.insert(static_cast<uint16_t>(node)).second) return;
  for (const Place& part : program.nodes[node].parts) {
    if (part.word >= kNodeWord) AddNodes(program, NodeAt(part.word, part.bit), nodes);
  }
}

}  // namespace

void AddDemands(const Program& program, const Place& place, std::vector<Demand>& demands) {
  Add(program, place, /*asks=*/false, demands);
}

std::vector<uint16_t> NodesFor(const Program& program, const std::vector<Demand>& demands) {
  std::set<uint16_t> nodes;
  for (const Demand& demand : demands) {
    if (demand.word < kNodeWord) continue;
    const uint64_t bits = demand.need_yes | demand.need_no | demand.fail_yes | demand.fail_no;
    for (size_t bit = 0; bit < kWordBits; ++bit) {
      if ((bits >> bit & 1) != 0) AddNodes(program, NodeAt(demand.word, bit), nodes);
    }
  }
  return {nodes.begin(), nodes.end()};
}

}  // namespace pathways::eligibility
