// The inner loops for a log-mel frame, eight lanes at a time, with one table of functions for each instruction set.
//
// Every table gives bit-identical results: products are rounded before they are added (no fused multiply-add), and sums
// are taken in one fixed order.
#ifndef MEL_H
#define MEL_H

#ifdef __cplusplus
extern "C" {
#endif

// Number of lanes in a step. A band's weights are padded with zeros to a multiple of it.
enum { CM_LANES = 8 };

// Where a band is: its first bin, the index of its first weight, and its number of steps of CM_LANES bins.
struct cm_band {
    long bin, weight, steps;
};

struct cm_kernels {
    // out[i] = samples[i] * window[i]
    void (*_Nonnull window)(const float *_Nonnull samples, const float *_Nonnull window, long count,
                            float *_Nonnull out);

    // out[i] = sqrt(re[i]^2 + im[i]^2) for `bins` pairs, a multiple of CM_LANES. Returns the largest value.
    float (*_Nonnull magnitudes)(const float *_Nonnull pairs, long bins, float *_Nonnull out);

    // out[b] = sum over a band's bins of magnitude * weight: summed step by step in eight lanes, then over the lanes in
    // order. Reads up to CM_LANES - 1 magnitudes past a band's last bin. Returns the smallest value.
    float (*_Nonnull bands)(const float *_Nonnull magnitudes, const float *_Nonnull weights,
                            const struct cm_band *_Nonnull bands, long count, float *_Nonnull out);

    // row[i] = ln(row[i] + offset), where row[i] + offset must be a positive normal number.
    void (*_Nonnull logarithms)(float *_Nonnull row, long count, float offset);
};

// The table that every processor of this build's family runs.
const struct cm_kernels *_Nonnull cm_plain_kernels(void);

// The fastest table that this processor runs.
const struct cm_kernels *_Nonnull cm_best_kernels(void);

// The instruction set for which a table is compiled: "avx2", or "portable" for cm_plain_kernels.
const char *_Nonnull cm_instruction_set(const struct cm_kernels *_Nonnull kernels);

#ifdef __cplusplus
}
#endif
#endif
