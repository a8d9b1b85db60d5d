// The program `intake`: registers cases and shows where they stand.
#include "services/host/alone.h"
#include "services/intake/service.h"

int main(int argc, char** argv) {
  return pathways::host::RunAlone(argc, argv, pathways::intake::IntakeService());
}
