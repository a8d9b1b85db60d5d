// How the programs' allocator, jemalloc, works: its documented way of being configured by a program
// is this variable, which it reads before main. MALLOC_CONF in the environment overrides it.
//
// Most of a service's work is many small messages, made by one thread and dropped by another, which
// glibc's allocator does at half the speed, and it keeps for good what a busy hour has taken. Four
// arenas, for a service has that many busy threads; memory that stays unused for half a second goes
// back to the system, by a thread of jemalloc's own, so that a service is small again after a load.
extern "C" {
extern const char* malloc_conf;  // NOLINT(readability-identifier-naming): jemalloc's name.
const char* malloc_conf =        // NOLINT(readability-identifier-naming)
    "narenas:4,background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0,lg_tcache_max:12";
}
