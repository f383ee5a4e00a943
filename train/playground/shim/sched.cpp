// What emscripten's C library declares and does not have: a page has no affinity to ask for.
#include <sched.h>

extern "C" int sched_getaffinity(pid_t, size_t, cpu_set_t*) { return -1; }
extern "C" int __sched_cpucount(size_t, const cpu_set_t*) { return 1; }
