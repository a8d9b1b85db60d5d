# Flags of every target. Presets choose the build type; nothing else sets flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include_directories("${CMAKE_CURRENT_SOURCE_DIR}")

find_program(PATHWAYS_CCACHE ccache)
if(PATHWAYS_CCACHE)
  # Paths are hashed relative to the checkout, so that two checkouts on one machine share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    "${PATHWAYS_CCACHE}")
endif()

# mold links the gRPC binaries in a second where the default linker takes ten.
find_program(PATHWAYS_MOLD mold)
if(PATHWAYS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Warnings are for our own code; generated code switches them off in proto/CMakeLists.txt.
add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)

if(PATHWAYS_FAULTS)
  add_compile_definitions(PATHWAYS_FAULTS=1)
endif()

if(PATHWAYS_SANITIZE)
  # Without the second, UndefinedBehaviorSanitizer prints a line and the program goes on: no test
  # would fail for it (tests/base/planted_undefined.cc).
  add_compile_options(
    -fsanitize=${PATHWAYS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PATHWAYS_SANITIZE})
endif()
