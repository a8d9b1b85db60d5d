#include "services/cli/reader_rights.h"

#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <memory>

namespace pathways::cli {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
#else
constexpr bool kIsSanitized = false;
#endif

// At `most` the system says what is wrong; at most `grace` later it does not let it go on.
bool Limit(int resource, int64_t most, int64_t grace = 0) {
  const rlimit limit = {.rlim_cur = static_cast<rlim_t>(most),
                        .rlim_max = static_cast<rlim_t>(most + grace)};
  return setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0;
}

// Memory, time, and the end. getrandom: expat salts its tables.
constexpr int kCalls[] = {SCMP_SYS(brk),           SCMP_SYS(munmap),       SCMP_SYS(mremap),
                          SCMP_SYS(madvise),       SCMP_SYS(futex),        SCMP_SYS(getrandom),
                          SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
                          SCMP_SYS(rt_sigreturn),  SCMP_SYS(exit),         SCMP_SYS(exit_group)};

bool AllowOnlyCalls() {
  const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_KILL_PROCESS),
                                                      [](void* f) { seccomp_release(f); });
  if (filter == nullptr) return false;
  // Also for a thread that a library may have started.
  bool is_ok = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1) == 0;
  for (const int call : kCalls) {
    is_ok &= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
  }
  is_ok &= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                            SCMP_A0_64(SCMP_CMP_EQ, STDOUT_FILENO)) == 0;
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    is_ok &= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                              SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
  }
  return is_ok && seccomp_load(filter.get()) == 0;
}

}  // namespace

absl::Status GiveUpRights() {
  // libzip asks what time zone this is, and the C library would open a file to tell.
  bool is_ok = setenv("TZ", "UTC0", /*overwrite=*/1) == 0;
  tzset();
  // Descriptors from 3 on may be of the program that started this one.
  is_ok &= close_range(STDERR_FILENO + 1, ~0U, 0) == 0;
  is_ok &= prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  is_ok &= prctl(PR_SET_DUMPABLE, 0) == 0;
  is_ok &= prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  is_ok &= Limit(RLIMIT_CORE, 0) && Limit(RLIMIT_FSIZE, 0);
  is_ok &= Limit(RLIMIT_CPU, kReaderCpuSecondsMax, /*grace=*/1);
  if (!kIsSanitized) {
    is_ok &= Limit(RLIMIT_NOFILE, STDERR_FILENO + 1) && Limit(RLIMIT_NPROC, 0) &&
             Limit(RLIMIT_AS, kReaderMemoryBytesMax) && AllowOnlyCalls();
  }
  if (is_ok) return absl::OkStatus();
  return absl::UnavailableError(
      "spreadsheets cannot be read safely on this system: save the file as CSV in UTF-8");
}

}  // namespace pathways::cli
