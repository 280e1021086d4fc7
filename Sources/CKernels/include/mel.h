// The inner loops of a log-mel frame, eight lanes at a time, one table of functions for each instruction set.
//
// Every table gives the same bits: products are rounded before they are added (no fused multiply-add), and sums are
// taken in one fixed order.
#ifndef MEL_H
#define MEL_H

#ifdef __cplusplus
extern "C" {
#endif

// Lanes of a step: weights of a band are padded with zeros to a multiple of it.
enum { CM_LANES = 8 };

// A band's place: its first bin, its first weight among all, and its steps of CM_LANES bins.
struct cm_band {
    long bin, weight, steps;
};

struct cm_kernels {
    // out[i] = samples[i] * window[i]
    void (*_Nonnull window)(const float *_Nonnull samples, const float *_Nonnull window, long count,
                            float *_Nonnull out);

    // out[i] = sqrt(re[i]^2 + im[i]^2) of `bins` pairs, a multiple of CM_LANES. Returns the largest.
    float (*_Nonnull magnitudes)(const float *_Nonnull pairs, long bins, float *_Nonnull out);

    // out[b] = sum over a band's bins of magnitude * weight: step after step in eight lanes, then lane after lane.
    // Reads up to CM_LANES - 1 magnitudes behind a band's last bin. Returns the smallest.
    float (*_Nonnull bands)(const float *_Nonnull magnitudes, const float *_Nonnull weights,
                            const struct cm_band *_Nonnull bands, long count, float *_Nonnull out);

    // row[i] = ln(row[i] + offset), for sums that are normal and positive.
    void (*_Nonnull logarithms)(float *_Nonnull row, long count, float offset);
};

// For every processor of this build's family.
const struct cm_kernels *_Nonnull cm_plain_kernels(void);

// The fastest that this processor runs.
const struct cm_kernels *_Nonnull cm_best_kernels(void);

// What a table is compiled for: "avx2", or "portable" for cm_plain_kernels.
const char *_Nonnull cm_instruction_set(const struct cm_kernels *_Nonnull kernels);

#ifdef __cplusplus
}
#endif
#endif
