// Runs every function of CKernels, in every variant that this processor has and beside it in plain
// C, on numbers from a fixed generator. Prints "function variant hash" for each; all hashes of one
// function are equal, on every machine. `neon.sh` compares them. Nothing here may depend on the
// machine: integers make the numbers, and the reference has one float at a time.

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

static const char *const names[] = {"baseline", "avx2", "avx512", "neon", "reference"};
enum { REFERENCE = DRIFT_NEON + 1, VARIANTS };

// MARK: - Numbers and hashes

static uint64_t seed;

/// The next number of SplitMix64.
static uint64_t next_random(void) {
    uint64_t word = seed += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
}

static uint32_t below(uint32_t bound) { return (uint32_t)(next_random() >> 32) % bound; }

static float from_bits(uint32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

enum kind { NOISE, TONES, SIGNED, DENORMAL, KINDS };

/// A sample: near 100 with all bits of its fraction, sometimes strong, of any sign and size, or
/// around the smallest number that is not zero. Never −0, which is `drift_copy`'s to remove.
static float sample(enum kind kind) {
    uint32_t fraction = (uint32_t)next_random() & 0x7fffff, chance = below(64);
    if (chance == 0) return 0;
    switch (kind) {
    case TONES:
        if (chance < 8) return from_bits(136u << 23 | fraction);
        return from_bits(133u << 23 | fraction);
    case SIGNED: return from_bits((chance & 1) << 31 | (100 + below(50)) << 23 | fraction);
    case DENORMAL: return from_bits(below(3) << 23 | fraction | 1);
    default: return from_bits(133u << 23 | fraction);
    }
}

static uint64_t fold(uint64_t hash, const void *bytes, size_t count) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ byte[i]) * 0x100000001b3;
    return hash;
}

static uint64_t fold_number(uint64_t hash, uint32_t number) {
    return fold(hash, &number, sizeof number);
}

static const uint64_t start_hash = 0xcbf29ce484222325;

/// Of exactly so many bytes, so that a sanitizer sees whoever passes the end.
static void *room(size_t bytes) {
    void *memory = malloc(bytes == 0 ? 1 : bytes);
    if (memory == NULL) { fputs("no memory\n", stderr); exit(2); }
    return memory;
}

// MARK: - Samples

static int32_t plain_add(const uint8_t *from, int32_t count, float limit, float *sums,
                         float *largest) {
    int32_t is_good = 1;
    for (int32_t c = 0; c < count; c++) {
        float number;
        memcpy(&number, from + 4 * c, sizeof number);
        if (!(number <= limit && number >= -limit)) is_good = 0;
        if (number > *largest) *largest = number;
        sums[c] += number;
    }
    return is_good;
}

static int32_t plain_copy(const uint8_t *from, int32_t count, float limit, float *into) {
    float largest = -FLT_MAX;
    for (int32_t c = 0; c < count; c++) into[c] = 0;
    return plain_add(from, count, limit, into, &largest);
}

static void plain_reverse(float *numbers, int32_t count) {
    for (int32_t c = 0; c < count / 2; c++) {
        float number = numbers[c];
        numbers[c] = numbers[count - 1 - c];
        numbers[count - 1 - c] = number;
    }
}

static const float limit = 1e30f;

/// Samples as they stand in a file, at an odd address; one of them in some rounds not good.
static uint8_t *make_file(int32_t count, int round) {
    uint8_t *bytes = room(4 * (size_t)count + 1);
    static const uint32_t bad[] = {0x7fc00000, 0x7f800000, 0xff800000, 0xffc00001, 0x7149f2cb};
    for (int32_t c = 0; c < count; c++) {
        float number = below(16) == 0 ? -0.0f : sample((enum kind)(round % KINDS));
        memcpy(bytes + 1 + 4 * c, &number, sizeof number);
    }
    if (round % 3 == 2 && count > 0) {
        memcpy(bytes + 1 + 4 * below((uint32_t)count), &bad[below(5)], 4);
    }
    return bytes;
}

/// What is refused is thrown away, so only that it is refused counts.
static void check_samples(int isa, uint64_t hashes[3]) {
    static const int32_t counts[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 100, 1000, 4099};
    for (int turn = 0; turn < 24 * 14; turn++) {
        int32_t count = counts[turn % 14];
        uint8_t *file = make_file(count, turn / 14);
        float *row = room(4 * (size_t)count), largest = -FLT_MAX;
        int32_t is_good = isa == REFERENCE ? plain_copy(file + 1, count, limit, row)
                                           : drift_copy(isa, file + 1, count, limit, row);
        hashes[0] = fold_number(hashes[0], (uint32_t)is_good);
        if (is_good) {
            hashes[0] = fold(hashes[0], row, 4 * (size_t)count);
            if (isa == REFERENCE) plain_reverse(row, count);
            else drift_reverse(isa, row, count);
            hashes[2] = fold(hashes[2], row, 4 * (size_t)count);
            is_good = isa == REFERENCE
                ? plain_add(file + 1, count, limit, row, &largest)
                : drift_add(isa, file + 1, count, limit, row, &largest);
            hashes[1] = fold_number(hashes[1], (uint32_t)is_good);
            hashes[1] = fold(hashes[1], row, 4 * (size_t)count);
            hashes[1] = fold(hashes[1], &largest, sizeof largest);
        } else {
            for (int32_t c = 0; c < count; c++) row[c] = 1;
            hashes[1] = fold_number(hashes[1], (uint32_t)(isa == REFERENCE
                ? plain_add(file + 1, count, limit, row, &largest)
                : drift_add(isa, file + 1, count, limit, row, &largest)));
        }
        free(row);
        free(file);
    }
}

// MARK: - Bounds and hits in plain C

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

/// The sum of a row's number after the other, by halves.
static float tree_sum(const float *numbers, int32_t count) {
    if (count == 1) return numbers[0];
    return tree_sum(numbers, count / 2) + tree_sum(numbers + count / 2, count / 2);
}

static int32_t plain_bounds(const struct drift_strip *strip, int32_t block, int32_t half, float raw,
                            uint32_t lanes[8], uint32_t *survivors) {
    int32_t steps = strip->steps, found = 0;
    float *maxima = room(4 * (size_t)steps);
    for (int32_t q = 0; q < strip->windows; q++) {
        for (int32_t row = 0; row < steps; row++) {
            const float *samples = strip->samples + row * (strip->stride + block) + 8 * q;
            int32_t most = move(row, (half + 1) * steps / 2 - 1, steps) + 7;
            maxima[row] = -FLT_MAX;
            for (int32_t c = move(row, half * steps / 2, steps); c <= most; c++) {
                if (samples[c] > maxima[row]) maxima[row] = samples[c];
            }
        }
        float bound = tree_sum(maxima, steps);
        uint32_t word;
        memcpy(&word, &bound, sizeof word);
        word ^= lanes[q % 8];
        lanes[q % 8] = (word << 13 | word >> 19) * 5 + 0xe6546b64;
        if (bound > raw) survivors[found++] = (uint32_t)q;
    }
    free(maxima);
    return found;
}

/// The hits of one column on paths `first` to `last`, in the order of the search.
static size_t plain_hits(const struct drift_strip *strip, const struct drift_search *search,
                         int32_t column, int32_t first, int32_t last, struct drift_hit *hits) {
    size_t found = 0;
    for (int32_t turn = first; turn <= last; turn++) {
        int32_t path = search->descends ? first + last - turn : turn;
        float numbers[16];
        for (int32_t row = 0; row < 16; row++) {
            const float *samples = strip->samples + row * (strip->stride + search->block);
            numbers[row] = samples[column + move(row, path, 16)];
        }
        float sum = tree_sum(numbers, 16);
        if (!(sum > search->raw)) continue;
        hits[found++] = (struct drift_hit){(uint32_t)column, (uint32_t)path, sum};
    }
    return found;
}

// MARK: - One strip

struct shape {
    int32_t steps;
    int32_t columns;
    /// Drift blocks of the search, and how many of them share maxima.
    int32_t last_block;
    int32_t shared;
    enum kind kind;
};

/// A tile of one strip, with the room that Kernels gives it: see TileRows.swift.
static float *make_tile(const struct shape *shape, struct drift_strip *strip) {
    int32_t halo = shape->last_block * (shape->steps - 1) + 2 * shape->steps;
    int32_t stride = (shape->columns + 2 * halo + 256 + 15) / 16 * 16;
    size_t count = (size_t)shape->steps * (size_t)stride;
    float *numbers = room(4 * count);
    for (size_t i = 0; i < count; i++) {
        int is_inside = (int32_t)(i % (size_t)stride) < shape->columns + 2 * halo;
        numbers[i] = is_inside ? sample(shape->kind) : 0;
    }
    *strip = (struct drift_strip){.samples = numbers + halo, .stride = stride,
                                  .steps = shape->steps, .columns = shape->columns,
                                  .windows = (shape->columns + 127) / 128 * 16};
    return numbers;
}

static int32_t *make_reach(int32_t steps) {
    int32_t *reach = room(16 * (size_t)steps);
    for (int32_t half = 0; half < 2; half++) {
        for (int32_t row = 0; row < steps; row++) {
            int32_t *pair = reach + 2 * (half * steps + row);
            pair[0] = move(row, half * steps / 2, steps);
            pair[1] = move(row, (half + 1) * steps / 2 - 1, steps);
        }
    }
    return reach;
}

/// A threshold that leaves about one of `share` windows, from the bounds of some of them.
static float threshold(const struct drift_strip *strip, int32_t block, int32_t share) {
    if (share == 0) return FLT_MAX;
    if (share == 1) return -FLT_MAX;
    struct drift_strip few = *strip;
    few.windows = 16;
    float low = -FLT_MAX / 4096, high = FLT_MAX / 4096;
    uint32_t lanes[8] = {0}, survivors[16];
    for (int turn = 0; turn < 24; turn++) {
        float middle = low / 2 + high / 2;
        int32_t left = plain_bounds(&few, block, 0, middle, lanes, survivors);
        if (left > 16 / share) low = middle;
        else high = middle;
    }
    return high;
}

/// Joins the hits by column; inside a column their order stays, which is all that Kernels needs.
static uint64_t fold_hits(uint64_t hash, const struct drift_strip *strip,
                          const struct drift_hit *hits, size_t count) {
    uint64_t *columns = room(8 * (size_t)strip->columns);
    for (int32_t c = 0; c < strip->columns; c++) columns[c] = start_hash;
    for (size_t i = 0; i < count; i++) {
        uint64_t *column = columns + hits[i].column;
        *column = fold(*column, hits + i, sizeof hits[i]);
    }
    hash = fold(hash, columns, 8 * (size_t)strip->columns);
    free(columns);
    return hash;
}

/// What one call after the other finds, in the listed windows (`survivors`) or in all columns.
static size_t collect(int isa, const struct drift_strip *strip, struct drift_search *search,
                      int32_t half, const uint32_t *survivors, int32_t count,
                      struct drift_hit *hits) {
    size_t found = 0;
    if (isa == REFERENCE) {
        int32_t first = survivors ? 8 * half : 0, last = survivors ? first + 7 : 15;
        int32_t end = survivors ? 8 * count : strip->columns;
        for (int32_t at = 0; at < end; at++) {
            int32_t column = survivors ? (int32_t)survivors[at / 8] * 8 + at % 8 : at;
            if (column >= strip->columns) break;
            found += plain_hits(strip, search, column, first, last, hits + found);
        }
        return found;
    }
    int32_t next = 0, end = survivors ? count : strip->columns;
    while (next < end) {
        struct drift_hit *some = room((size_t)search->capacity * sizeof *some);
        search->hits = some;
        int32_t more = survivors
            ? drift_windows(isa, strip, search, half, survivors, count, &next)
            : drift_columns(isa, strip, search, &next);
        memcpy(hits + found, some, (size_t)more * sizeof *some);
        found += (size_t)more;
        free(some);
    }
    return found;
}

/// Bounds, windows and columns of one drift block.
static void check_block(int isa, const struct drift_strip *strip, const float *maxima,
                        int32_t block, int32_t share, uint64_t hashes[4]) {
    uint32_t *survivors = room(4 * (size_t)strip->windows), lanes[8], others[8];
    struct drift_hit *hits = room(16 * (size_t)strip->columns * sizeof *hits);
    struct drift_search search = {.block = block, .raw = threshold(strip, block, share),
                                  .descends = share % 2, .capacity = share == 4 ? 1024 : 256};
    for (uint32_t lane = 0; lane < 8; lane++) lanes[lane] = below(1u << 31);
    memcpy(others, lanes, sizeof lanes);
    for (int32_t half = 0; half < 2; half++) {
        int32_t count = isa == REFERENCE
            ? plain_bounds(strip, block, half, search.raw, lanes, survivors)
            : drift_bounds(isa, strip, maxima, block, half, search.raw, lanes, survivors);
        hashes[1] = fold_number(hashes[1], (uint32_t)count);
        hashes[1] = fold(hashes[1], lanes, sizeof lanes);
        if (isa != REFERENCE && count != drift_bounds(isa, strip, maxima, block, half, search.raw,
                                                      others, NULL)) hashes[1]++;
        if (isa != REFERENCE && memcmp(lanes, others, sizeof lanes) != 0) hashes[1]++;
        hashes[1] = fold(hashes[1], survivors, 4 * (size_t)count);
        if (strip->steps != 16) continue;
        size_t found = collect(isa, strip, &search, half, survivors, count, hits);
        hashes[2] = fold_hits(hashes[2], strip, hits, found);
    }
    if (strip->steps == 16) {
        // Lower, so that hits are many in one turn and few in another.
        if (share > 1) search.raw -= search.raw / 8;
        size_t found = collect(isa, strip, &search, 0, NULL, 0, hits);
        hashes[3] = fold_hits(hashes[3], strip, hits, found);
    }
    free(hits);
    free(survivors);
}

static void check_shape(int isa, const struct shape *shape, uint64_t hashes[4]) {
    struct drift_strip strip;
    float *numbers = make_tile(shape, &strip);
    int32_t *reach = make_reach(shape->steps);
    for (int32_t first = 0; first <= shape->last_block; first += shape->shared) {
        int32_t last = first + shape->shared - 1;
        strip.first_block = first;
        strip.last_block = last < shape->last_block ? last : shape->last_block;
        size_t count = drift_maxima_count(&strip), scratch_count = drift_scratch_count(&strip);
        float *maxima = room(4 * count), *scratch = room(4 * scratch_count);
        // What was there before must not matter; the gaps between maxima stay as they were.
        for (size_t i = 0; i < count; i++) maxima[i] = FLT_MAX;
        for (size_t i = 0; i < scratch_count; i++) scratch[i] = FLT_MAX;
        if (isa != REFERENCE) {
            drift_maxima(isa, &strip, reach, scratch, maxima);
            hashes[0] = fold(hashes[0], maxima, 4 * count);
        }
        for (int32_t block = first; block <= strip.last_block; block++) {
            static const int32_t shares[] = {0, 1, 2, 4, 16};
            for (int turn = 0; turn < 5; turn++) {
                check_block(isa, &strip, maxima, block, shares[turn], hashes);
            }
        }
        free(scratch);
        free(maxima);
    }
    free(reach);
    free(numbers);
}

// MARK: - All of it

static const struct shape shapes[] = {
    {16, 1, 0, 1, NOISE},      {16, 8, 3, 2, TONES},      {16, 77, 2, 1, SIGNED},
    {16, 128, 5, 6, NOISE},    {16, 1000, 9, 4, TONES},   {16, 1300, 1, 2, DENORMAL},
    {16, 4096, 10, 11, NOISE}, {16, 4096, 2, 3, SIGNED},  {2, 1, 0, 1, NOISE},
    {2, 300, 7, 3, TONES},     {4, 1, 3, 4, SIGNED},      {4, 515, 11, 12, NOISE},
    {8, 200, 4, 2, TONES},     {8, 1024, 15, 16, NOISE},  {32, 640, 3, 4, NOISE},
    {64, 333, 2, 2, SIGNED},   {64, 1024, 4, 5, TONES},   {128, 256, 2, 3, DENORMAL},
    {256, 256, 3, 2, TONES},   {512, 256, 1, 2, TONES},   {1024, 1, 1, 2, SIGNED},
    {1024, 128, 1, 1, NOISE},  {2048, 128, 0, 1, TONES},
};

int main(void) {
    for (int isa = 0; isa < VARIANTS; isa++) {
        if (isa != REFERENCE && !drift_has(isa)) continue;
        static const char *const functions[] = {"drift_copy", "drift_add", "drift_reverse",
                                                "drift_maxima", "drift_bounds", "drift_windows",
                                                "drift_columns"};
        uint64_t hashes[7];
        for (int i = 0; i < 7; i++) hashes[i] = start_hash;
        seed = 1;
        check_samples(isa, hashes);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            seed = i;
            check_shape(isa, shapes + i, hashes + 3);
        }
        for (int i = 0; i < 7; i++) {
            if (isa == REFERENCE && i == 3) continue;
            printf("%s %s %016llx\n", functions[i], names[isa], (unsigned long long)hashes[i]);
        }
    }
    return 0;
}
