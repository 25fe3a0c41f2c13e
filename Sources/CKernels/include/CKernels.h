#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Sets of instructions; each gives the same bytes. On 64-bit ARM the baseline is NEON, and goes by
/// that name alone.
enum { DRIFT_BASELINE, DRIFT_AVX2, DRIFT_AVX512, DRIFT_NEON };

/// Columns of a window, and windows of a group.
enum { DRIFT_WINDOW = 8, DRIFT_GROUP = 16 };

/// Some columns of a tile in one direction of the search.
///
/// Row i begins at samples + i * stride, and can be read for 256 floats beyond what paths reach.
struct drift_strip {
    const float *samples;
    ptrdiff_t stride;
    /// A power of two, 2 to 2048.
    int32_t steps;
    /// Drift blocks whose bounds its maxima serve.
    int32_t first_block;
    int32_t last_block;
    /// A multiple of DRIFT_GROUP.
    int32_t windows;
    /// Columns that are searched; what lies behind them has bounds only.
    int32_t columns;
};

/// A sum above the threshold.
struct drift_hit {
    uint32_t column;
    uint32_t path;
    float sum;
};

/// Where the search of one drift block stands.
struct drift_search {
    int32_t block;
    /// The largest sum that is no hit.
    float raw;
    /// Paths from the last to the first, as the search for negative drifts goes.
    int32_t descends;
    struct drift_hit *hits;
    /// Room for hits, at least 256.
    int32_t capacity;
};

/// Whether this processor has the instructions of `isa`.
int drift_has(int isa);

/// Copies little-endian samples, with 0 for −0; returns 0 when one is no number, or is larger than
/// `limit`.
int32_t drift_copy(int isa, const uint8_t *from, int32_t count, float limit, float *into);

/// Adds little-endian samples to sums, and makes `*largest` the largest of them and itself; returns
/// 0 when one is no number, or is larger than `limit`.
int32_t drift_add(int isa, const uint8_t *from, int32_t count, float limit, float *sums,
                  float *largest);

/// The sum of words modulo 2³², which no single bit can change in without changing it.
uint32_t drift_sum(int isa, const uint32_t *words, size_t count);

/// Turns the order of numbers around; returns the sum of their bit patterns modulo 2³².
uint32_t drift_reverse(int isa, float *numbers, int32_t count);

/// Floats that the maxima of a strip need.
size_t drift_maxima_count(const struct drift_strip *strip);

/// Floats of scratch that `drift_maxima` needs.
size_t drift_scratch_count(const struct drift_strip *strip);

/// The largest sample that each window's paths can touch, for each row, half of the paths and
/// place. `reach` has the least and the largest move of each row on the paths of the first half,
/// then of the second: 4 * steps numbers. Returns by how much the sum of the bit patterns in
/// `maxima` has changed, modulo 2³².
uint32_t drift_maxima(int isa, const struct drift_strip *strip, const int32_t *reach,
                      float *scratch, float *maxima);

/// Folds the upper bounds of all windows in `block` and `half` into eight lanes, and lists the
/// windows whose bound is above `raw`, unless `survivors` is null. Returns how many they are.
int32_t drift_bounds(int isa, const struct drift_strip *strip, const float *maxima, int32_t block,
                     int32_t half, float raw, uint32_t lanes[8], uint32_t *survivors);

/// Searches the listed windows on the paths of one half, of 16 steps; `*next` is the first one, and
/// then the one that did not fit. Returns the number of hits.
int32_t drift_windows(int isa, const struct drift_strip *strip, const struct drift_search *search,
                      int32_t half, const uint32_t *survivors, int32_t count, int32_t *next);

/// Searches all columns on all paths, of 16 steps; `*next` is the first column, and then the one
/// that did not fit. Returns the number of hits.
int32_t drift_columns(int isa, const struct drift_strip *strip, const struct drift_search *search,
                      int32_t *next);

#endif
