// The program `referral`: hands each case on to the agencies that take it.
#include "services/host/alone.h"
#include "services/referral/service.h"

int main(int argc, char** argv) {
  return pathways::host::RunAlone(argc, argv, pathways::referral::ReferralService());
}
