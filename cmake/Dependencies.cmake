# Every library the project stands on, found once.

# FindProtobuf (the module) must come before gRPC's config: Debian ships no protobuf config, and gRPC's would fail.
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
# Read spreadsheets: XML, zip, and the filter of system calls around both.
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
# Debian compiles httplib into a library; its flags change the layout of httplib's types.
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
find_path(PATHWAYS_CSV_INCLUDE csv.h REQUIRED)
find_library(PATHWAYS_CSV_LIBRARY csv REQUIRED)

if(PATHWAYS_TESTS)
  find_package(GTest CONFIG REQUIRED)
  include(GoogleTest)
  # Debian keeps the server's programs out of PATH, by version.
  find_path(PATHWAYS_POSTGRES_BIN postgres PATHS /usr/lib/postgresql/15/bin REQUIRED)
endif()

# Debian packages no google.rpc messages; ./dev fetches the published contracts into a cache outside the tree.
if(DEFINED ENV{XDG_CACHE_HOME})
  set(pathways_cache "$ENV{XDG_CACHE_HOME}/pathways")
else()
  set(pathways_cache "$ENV{HOME}/.cache/pathways")
endif()
set(PATHWAYS_GOOGLEAPIS "${pathways_cache}/googleapis" CACHE PATH "Folder that holds google/rpc/*.proto")
if(NOT EXISTS "${PATHWAYS_GOOGLEAPIS}/google/rpc/error_details.proto")
  message(FATAL_ERROR "google/rpc/error_details.proto is not in ${PATHWAYS_GOOGLEAPIS}: run ./dev, which fetches it")
endif()
