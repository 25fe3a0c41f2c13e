// What the C library has for Linux alone, and Swift's Glibc module does not show.
#ifndef STARLING_LINUX_H
#define STARLING_LINUX_H

#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// Declared here because Glibc's module is built without _GNU_SOURCE.
int pipe2(int descriptors[2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int lowest);

// `prctl` takes a variable number of arguments, which Swift cannot call.
static inline int starling_prctl(int option, unsigned long value) {
    return prctl(option, value, 0UL, 0UL, 0UL);
}

#endif
