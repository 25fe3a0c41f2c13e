// Measures the inner loops of the drift search alone, on one core: the tree over all columns (brute
// force), the upper bounds, and the search as Kernels/DriftSearch/VectorTree.swift does it. That is
// written down here once more, so that the program needs no switch for brute force.
//
//     tree loads
//     tree MODE ISA STEPS CHANNELS BLOCKS RAW STRIPE SURVIVORS UNBOUNDED RUNS <samples
//
// MODE is brute (the tree over all columns), bounds, witnessed (both, that is brute force with the
// evidence that every unit owes), or automatic (as a search without evidence chooses its way); all
// but bounds need 16 steps. Samples are 32-bit floats, [step][channel]. The search is in both
// directions, tile by tile, and includes the copy of each tile. Prints seconds, instructions (-1:
// not counted here) and hits for each run. `tree.py` beside this file builds it, and takes the
// constants from the Swift text.

#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CKernels.h"

enum mode { BRUTE, WITNESSED, AUTOMATIC, BOUNDS };
static const char *const modes[] = {"brute", "witnessed", "automatic", "bounds"};
static const char *const names[] = {"baseline", "avx2", "avx512", "neon"};
enum { TILE = 8192, HITS = 1024 };

static void *room(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == NULL) { fputs("tree: no memory\n", stderr); exit(2); }
    memset(memory, 0, bytes);
    return memory;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// A counter of this process's own instructions; -1 where the machine has none.
static int open_counter(void) {
    struct perf_event_attr wanted = {.type = PERF_TYPE_HARDWARE, .size = sizeof wanted,
                                     .config = PERF_COUNT_HW_INSTRUCTIONS,
                                     .exclude_kernel = 1, .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
}

static long long counted(int counter) {
    long long count;
    if (counter < 0 || read(counter, &count, sizeof count) != sizeof count) return -1;
    return count;
}

// MARK: - Search

struct tree {
    enum mode mode;
    int isa;
    int32_t steps, channels, blocks, stripe, survivors_max, unbounded_max;
    // Stripes that are still to be searched without bounds.
    int32_t unbounded;
    float raw;
    const float *samples;
    int32_t halo, stride;
    float *rows, *maxima, *scratch, *best;
    int32_t *reach;
    uint32_t *survivors[2];
    uint32_t lanes[8];
    struct drift_hit hits[HITS];
    unsigned long long hit_count;
    int is_crowded;
};

/// By how many columns a path of a tree of `steps` moves row `row`.
static int32_t move(int32_t row, int32_t path, int32_t steps) {
    int32_t columns = 0;
    for (; steps > 1; steps /= 2, path /= 2) {
        if (row < steps / 2) continue;
        row -= steps / 2;
        columns += (path + 1) / 2;
    }
    return columns;
}

static void load(struct tree *tree, int32_t tile, int32_t width) {
    for (int32_t row = 0; row < tree->steps; row++) {
        const float *from = tree->samples + (size_t)row * (size_t)tree->channels;
        float *into = tree->rows + (size_t)row * (size_t)tree->stride;
        int32_t column = tile - tree->halo, left = width + 2 * tree->halo;
        while (left > 0) {
            int32_t place = (column + tree->channels) % tree->channels;
            int32_t count = tree->channels - place < left ? tree->channels - place : left;
            if (!drift_copy(tree->isa, (const uint8_t *)(from + place), count, 1e30f, into)) {
                fputs("tree: a sample is no number\n", stderr);
                exit(2);
            }
            into += count;
            column = place + count;
            left -= count;
        }
    }
}

static void record(struct tree *tree, int32_t count, int32_t first) {
    for (int32_t i = 0; i < count; i++) {
        float *best = tree->best + first + (int32_t)tree->hits[i].column;
        if (tree->hits[i].sum > *best) *best = tree->hits[i].sum;
    }
    tree->hit_count += (unsigned long long)count;
}

static void search_block(struct tree *tree, struct drift_strip *strip, int32_t block,
                         int32_t first, int descends, int is_unbounded) {
    struct drift_search search = {block, tree->raw, descends, tree->hits, HITS};
    int32_t counts[2] = {0, 0}, next = 0;
    if (!is_unbounded) {
        int is_counted = tree->is_crowded || tree->mode == WITNESSED;
        for (int turn = 0; turn < 2; turn++) {
            int half = descends ? 1 - turn : turn;
            counts[half] = drift_bounds(tree->isa, strip, tree->maxima, block, half, tree->raw,
                                        tree->lanes,
                                        is_counted ? NULL : tree->survivors[half]);
        }
        if (tree->mode == BOUNDS) return;
        if (tree->mode == AUTOMATIC && counts[0] + counts[1] == 0) return;
    }
    int32_t share = 100 * (counts[0] + counts[1]) / (2 * strip->windows);
    int are_listed = !tree->is_crowded;
    if (!is_unbounded) tree->is_crowded = share > tree->survivors_max;
    if (is_unbounded || tree->mode == WITNESSED || tree->is_crowded || !are_listed) {
        while (next < strip->columns) {
            record(tree, drift_columns(tree->isa, strip, &search, &next), first);
        }
        return;
    }
    for (int turn = 0; turn < 2; turn++) {
        int half = descends ? 1 - turn : turn;
        next = 0;
        while (next < counts[half]) {
            record(tree, drift_windows(tree->isa, strip, &search, half, tree->survivors[half],
                                       counts[half], &next), first);
        }
    }
}

/// Whether a stripe is searched without bounds, because nobody asks for evidence, and bounds have
/// spared nothing lately.
static int skips_bounds(struct tree *tree) {
    if (tree->mode != AUTOMATIC) return 0;
    if (tree->unbounded > 0) tree->unbounded--;
    else if (tree->is_crowded) tree->unbounded = tree->unbounded_max;
    if (tree->unbounded > 0) tree->is_crowded = 0;
    return tree->unbounded > 0;
}

static void search_tile(struct tree *tree, int32_t width, int descends) {
    int32_t shared = 2 * tree->stripe / (tree->steps - 1);
    for (int32_t start = 0; start < width; start += tree->stripe) {
        int32_t columns = width - start < tree->stripe ? width - start : tree->stripe;
        struct drift_strip strip = {.samples = tree->rows + tree->halo + start,
                                    .stride = tree->stride, .steps = tree->steps,
                                    .windows = (columns + 127) / 128 * 16, .columns = columns};
        int is_unbounded = tree->mode == BRUTE || skips_bounds(tree);
        for (int32_t turn = 0; turn < tree->blocks; turn++) {
            int32_t block = descends ? tree->blocks - 1 - turn : turn;
            int32_t first = block / shared * shared, last = first + shared - 1;
            int is_new = turn == 0 || first != strip.first_block;
            strip.first_block = first;
            strip.last_block = last < tree->blocks - 1 ? last : tree->blocks - 1;
            if (!is_unbounded && is_new) {
                drift_maxima(tree->isa, &strip, tree->reach, tree->scratch, tree->maxima);
            }
            search_block(tree, &strip, block, start, descends, is_unbounded);
        }
    }
}

/// All tiles, in both directions. A name for profilers to begin and end at.
__attribute__((noinline)) void search_file(struct tree *tree) {
    tree->hit_count = 0;
    for (int32_t tile = 0; tile < tree->channels; tile += TILE) {
        int32_t width = tree->channels - tile < TILE ? tree->channels - tile : TILE;
        memset(tree->best, 0, sizeof(float) * TILE);
        load(tree, tile, width);
        // A unit knows nothing of the one before.
        tree->is_crowded = tree->unbounded = 0;
        for (int descends = 1; descends >= 0; descends--) {
            for (int32_t row = 0; row < tree->steps; row++) {
                float *numbers = tree->rows + (size_t)row * (size_t)tree->stride;
                drift_reverse(tree->isa, numbers, width + 2 * tree->halo);
            }
            search_tile(tree, width, descends);
        }
    }
}

static void prepare(struct tree *tree) {
    tree->halo = (tree->blocks - 1) * (tree->steps - 1) + 2 * tree->steps;
    tree->stride = (TILE + 2 * tree->halo + 256 + 15) / 16 * 16;
    tree->rows = room(sizeof(float) * (size_t)tree->steps * (size_t)tree->stride);
    tree->best = room(sizeof(float) * TILE);
    tree->reach = room(sizeof(int32_t) * 4 * (size_t)tree->steps);
    for (int32_t i = 0; i < 2 * tree->steps; i++) {
        int32_t half = i / tree->steps, row = i % tree->steps;
        tree->reach[2 * i] = move(row, half * tree->steps / 2, tree->steps);
        tree->reach[2 * i + 1] = move(row, (half + 1) * tree->steps / 2 - 1, tree->steps);
    }
    struct drift_strip most = {.steps = tree->steps, .last_block = tree->blocks - 1,
                               .windows = (tree->stripe + 127) / 128 * 16};
    tree->maxima = room(sizeof(float) * drift_maxima_count(&most));
    tree->scratch = room(sizeof(float) * drift_scratch_count(&most));
    for (int half = 0; half < 2; half++) {
        tree->survivors[half] = room(sizeof(uint32_t) * (size_t)most.windows);
    }
}

// MARK: - Loads

typedef uint32_t eight __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef uint32_t sixteen __attribute__((ext_vector_type(16), aligned(4), may_alias));

#if defined(__x86_64__)
#define WITH(isa) __attribute__((target(isa), noinline))
#else
#define WITH(isa) __attribute__((noinline))
#endif

// Bytes that a second reads from 8 KiB, at places that move on by one float from vector to vector,
// as the tree's do. The vectors are combined by integer operations, of which a core has enough.
#define LOADS(name, isa, vector) \
    WITH(isa) static double name(const float *numbers) { \
        enum { COUNT = 2048, TURNS = 20000, WIDTH = sizeof(vector) / 4 }; \
        vector sums[8] = {0}; \
        double begin = seconds(); \
        for (int turn = 0; turn < TURNS; turn++) { \
            for (int k = 0; k < COUNT; k += 8 * WIDTH) { \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++) { \
                    sums[i] ^= *(const vector *)(numbers + k + i * WIDTH + i); \
                } \
            } \
            __asm__ volatile("" ::: "memory"); \
        } \
        double end = seconds(); \
        for (int i = 0; i < 8; i++) sink ^= sums[i][0]; \
        return (double)TURNS * COUNT * 4 / (end - begin); \
    }

static volatile uint32_t sink;
LOADS(loads_eight, "avx2", eight)
LOADS(loads_sixteen, "avx512f", sixteen)

/// The best rate of the vectors that this processor has.
static int measure_loads(void) {
    float *numbers = room(4 * 2048 + 1024);
    double best = 0;
    for (int turn = 0; turn < 9; turn++) {
        double rates[2] = {0, 0};
        if (drift_has(DRIFT_AVX2) || drift_has(DRIFT_NEON)) rates[0] = loads_eight(numbers);
        if (drift_has(DRIFT_AVX512)) rates[1] = loads_sixteen(numbers);
        for (int i = 0; i < 2; i++) best = rates[i] > best ? rates[i] : best;
    }
    printf("%.0f\n", best);
    return best == 0;
}

static int index_of(const char *name, const char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return i;
    }
    fprintf(stderr, "tree: '%s' is not known\n", name);
    exit(2);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "loads") == 0) return measure_loads();
    if (count != 11) {
        fputs("tree: see the head of tree.c for its arguments\n", stderr);
        return 2;
    }
    static struct tree tree;
    tree.mode = (enum mode)index_of(arguments[1], modes, 4);
    tree.isa = index_of(arguments[2], names, 4);
    tree.steps = atoi(arguments[3]);
    tree.channels = atoi(arguments[4]);
    tree.blocks = atoi(arguments[5]);
    tree.raw = strtof(arguments[6], NULL);
    tree.stripe = atoi(arguments[7]);
    tree.survivors_max = atoi(arguments[8]);
    tree.unbounded_max = atoi(arguments[9]);
    if (!drift_has(tree.isa) || (tree.steps != 16 && tree.mode != BOUNDS)) {
        fputs("tree: this processor has no such instructions, or steps are not 16\n", stderr);
        return 2;
    }
    size_t size = (size_t)tree.steps * (size_t)tree.channels;
    float *samples = room(sizeof(float) * size);
    if (fread(samples, sizeof(float), size, stdin) != size) {
        fputs("tree: there are too few samples\n", stderr);
        return 2;
    }
    tree.samples = samples;
    prepare(&tree);
    int counter = open_counter();
    for (int run = atoi(arguments[10]); run > 0; run--) {
        long long before = counted(counter);
        double begin = seconds();
        search_file(&tree);
        double end = seconds();
        long long after = counted(counter);
        printf("%.6f %lld %llu\n", end - begin, counter < 0 ? -1 : after - before,
               tree.hit_count);
    }
    return 0;
}
