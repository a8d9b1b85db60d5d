// The program `eligibility`: screens every case against every pathway.
#include "services/eligibility/service.h"
#include "services/host/alone.h"

int main(int argc, char** argv) {
  return pathways::host::RunAlone(argc, argv, pathways::eligibility::EligibilityService());
}
