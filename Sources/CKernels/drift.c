#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "samples are read as they stand");

/// Windows of row `row` that begin at one place of eight: those of the strip, and those to which
/// the last drift block moves them. A multiple of eight.
static inline size_t place_count(const struct drift_strip *strip, int32_t row) {
    size_t blocks = (size_t)(strip->last_block - strip->first_block);
    size_t moved = blocks * (size_t)row / DRIFT_WINDOW + 1;
    return ((size_t)strip->windows + moved + 7) / 8 * 8;
}

/// Floats of one place, with room for a whole vector behind them.
static inline size_t plane_length(const struct drift_strip *strip, int32_t row) {
    return place_count(strip, row) + 16;
}

size_t drift_maxima_count(const struct drift_strip *strip) {
    size_t count = 0;
    for (int32_t row = 0; row < strip->steps; row++) count += plane_length(strip, row);
    return 2 * DRIFT_WINDOW * count;
}

size_t drift_scratch_count(const struct drift_strip *strip) {
    size_t columns = DRIFT_WINDOW * place_count(strip, strip->steps - 1);
    return 3 * (columns + 2 * (size_t)strip->steps + 128);
}

// What every processor of the target has: SSE2 on x86-64, NEON on 64-bit ARM.
#define ISA(name) name##_baseline
#define WIDTH 8
#include "drift.inc"
#undef ISA
#undef WIDTH

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define ISA(name) name##_avx2
#define WIDTH 8
#include "drift.inc"
#undef ISA
#undef WIDTH
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,avx512f,avx512dq,avx512vl,avx512bw"))), \
                             apply_to = function)
#define ISA(name) name##_avx512
#define WIDTH 16
#include "drift.inc"
#undef ISA
#undef WIDTH
#pragma clang attribute pop

int drift_has(int isa) {
    __builtin_cpu_init();
    switch (isa) {
    case DRIFT_BASELINE: return 1;
    case DRIFT_AVX2: return __builtin_cpu_supports("avx2");
    case DRIFT_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    default: return 0;
    }
}
#define DISPATCH(call) \
    switch (isa) { \
    case DRIFT_AVX2: return call(_avx2); \
    case DRIFT_AVX512: return call(_avx512); \
    default: return call(_baseline); \
    }
#else
int drift_has(int isa) {
#if defined(__aarch64__)
    return isa == DRIFT_NEON;
#else
    return isa == DRIFT_BASELINE;
#endif
}
#define DISPATCH(call) \
    switch (isa) { \
    default: return call(_baseline); \
    }
#endif

int32_t drift_copy(int isa, const uint8_t *from, int32_t count, float limit, float *into) {
#define CALL(suffix) copy##suffix(from, count, limit, into)
    DISPATCH(CALL)
#undef CALL
}

int32_t drift_add(int isa, const uint8_t *from, int32_t count, float limit, float *sums,
                  float *largest) {
#define CALL(suffix) add##suffix(from, count, limit, sums, largest)
    DISPATCH(CALL)
#undef CALL
}

uint32_t drift_sum(int isa, const uint32_t *words, size_t count) {
#define CALL(suffix) total##suffix(words, count)
    DISPATCH(CALL)
#undef CALL
}

uint32_t drift_reverse(int isa, float *numbers, int32_t count) {
#define CALL(suffix) reverse##suffix(numbers, count)
    DISPATCH(CALL)
#undef CALL
}

uint32_t drift_maxima(int isa, const struct drift_strip *strip, const int32_t *reach,
                      float *scratch, float *maxima) {
#define CALL(suffix) maxima##suffix(strip, reach, scratch, maxima)
    DISPATCH(CALL)
#undef CALL
}

int32_t drift_bounds(int isa, const struct drift_strip *strip, const float *maxima, int32_t block,
                     int32_t half, float raw, uint32_t lanes[8], uint32_t *survivors) {
#define CALL(suffix) bounds##suffix(strip, maxima, block, half, raw, lanes, survivors)
    DISPATCH(CALL)
#undef CALL
}

int32_t drift_windows(int isa, const struct drift_strip *strip, const struct drift_search *search,
                      int32_t half, const uint32_t *survivors, int32_t count, int32_t *next) {
#define CALL(suffix) windows##suffix(strip, search, half, survivors, count, next)
    DISPATCH(CALL)
#undef CALL
}

int32_t drift_columns(int isa, const struct drift_strip *strip, const struct drift_search *search,
                      int32_t *next) {
#define CALL(suffix) columns##suffix(strip, search, next)
    DISPATCH(CALL)
#undef CALL
}
