// The main of tests that import spreadsheets: the program under test starts itself as their reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/cli/spreadsheet_process.h"

int main(int argc, char** argv) {
  if (pathways::cli::IsSpreadsheetReader(argc, argv)) {
    return pathways::cli::RunSpreadsheetReader(argv);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
