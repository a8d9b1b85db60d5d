// The simulation as a program: `./dev sim [--seeds N] [--seed S]`.
//
// Plays seeds one after the other and says at the end how many a second. A seed that fails prints
// what was found and the one line that plays it again; then the program ends with 1.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/sim/faults.h"
#include "tests/sim/ground.h"
#include "tests/sim/world.h"

namespace pathways::sim {
namespace {

int Usage() {
  std::cerr << "usage: sim [--seeds N] [--from S] [--seed S]\n";
  return 2;
}

int Main(int argc, char** argv) {
  uint64_t seeds = 1000;
  uint64_t from = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    uint64_t number = 0;
    if (!absl::SimpleAtoi(argv[i + 1], &number)) return Usage();
    if (name == "--seeds") {
      seeds = number;
    } else if (name == "--from") {
      from = number;
    } else if (name == "--seed") {
      from = number;
      seeds = 1;
    } else {
      return Usage();
    }
  }
  if (argc % 2 == 0) return Usage();
  const Ground ground = ReadGround();
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t seed = from; seed < from + seeds; ++seed) {
    World world(seed, FaultsOf(seed), ground);
    const std::vector<std::string> found = world.Run();
    if (seeds == 1) std::cout << "trace " << std::hex << world.trace() << std::dec << '\n';
    if (found.empty()) continue;
    std::cout << "faults: " << Names(world.planted()) << '\n';
    for (const std::string& one : found) std::cout << one << '\n';
    std::cout << "replay: ./dev sim --seed " << seed << '\n';
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << seeds << " seeds, " << static_cast<double>(seeds) / took.count() << " a second\n";
  return 0;
}

}  // namespace
}  // namespace pathways::sim

int main(int argc, char** argv) { return pathways::sim::Main(argc, argv); }
