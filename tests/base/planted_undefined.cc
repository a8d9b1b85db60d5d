// An overflow of a signed number, to show that UndefinedBehaviorSanitizer ends a program.
//
// By default it only prints a line and the program goes on, so a test with a finding passes. This
// program is expected to fail; see tests/base/CMakeLists.txt.
#include <climits>

int main(int argc, char** /*argv*/) {
  volatile int most = INT_MAX;
  most = most + argc;
  return 0;
}
