// What the C library has for Linux alone, and Swift's Glibc module does not show.
#ifndef STARLING_LINUX_H
#define STARLING_LINUX_H

#include <signal.h>
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

// Starts the program at `path` in a process group of its own and in `folder`, or where the caller
// is when that is null; with the descriptors `standard` as its first three and no other, and with
// no signal blocked or ignored. Returns the number of the system's error, or zero.
static inline int starling_spawn(pid_t *process, const char *path, char *const arguments[],
                                 char *const environment[], const char *folder,
                                 const int standard[3]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = folder ? posix_spawn_file_actions_addchdir_np(&actions, folder) : 0;
    for (int target = 0; target < 3 && !error; target++)
        error = posix_spawn_file_actions_adddup2(&actions, standard[target], target);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!error) {
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETSIGMASK);
        error = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

#endif
