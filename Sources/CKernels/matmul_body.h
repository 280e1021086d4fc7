// The packed matrix product. A tile of rows by lanes stays in registers for the whole loop over k.

// The operands of a product. a[i][p] is at a[i * row + p * column]. The panels have `depth` rows, of which the first k
// from `panels` on are used.
struct product {
    const float *a, *panels, *bias;
    float *c;
    long row, column, ldc, k, depth, n;
    int activation;
};

FORCED lanes activated(lanes x, int activation) {
    if (activation == CK_RELU6) return relu6(x);
    if (activation == CK_RELU) return greater(x, splat(0));
    return x;
}

// Computes rows x (16 * TILE_LANES) of c. The sums start at `start`, whose rows are `step` floats apart (0: one bias
// row for all).
FORCED void tile(const int rows, const float *a, long row, long column, const float *panel, long k, const float *start, long step,
                 float *c, long ldc, int activation) {
    lanes sum[TILE_ROWS][TILE_LANES];
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < TILE_LANES; j++) sum[i][j] = load(start + i * step + j * LANES);
    }
    for (long p = 0; p < k; p++, panel += CK_PANEL) {
        lanes right[TILE_LANES];
        UNROLL
        for (int j = 0; j < TILE_LANES; j++) right[j] = load(panel + j * LANES);
        UNROLL
        for (int i = 0; i < rows; i++) {
            lanes left = splat(a[i * row + p * column]);
            UNROLL
            for (int j = 0; j < TILE_LANES; j++) sum[i][j] = fma(left, right[j], sum[i][j]);
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < TILE_LANES; j++) store(c + i * ldc + j * LANES, activated(sum[i][j], activation));
    }
}

// Calls `tile` with a number of rows that is known at compile time in every branch.
FORCED void some_rows(int rows, const float *a, long row, long column, const float *panel, long k, const float *start,
                      long step, float *c, long ldc, int activation) {
#define CASE(r)                                                                                      \
    case r:                                                                                          \
        if (r <= TILE_ROWS)                                                                          \
            tile(r <= TILE_ROWS ? r : 1, a, row, column, panel, k, start, step, c, ldc, activation); \
        break;
    switch (rows) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) }
#undef CASE
}

// Computes up to 32 columns (one panel) of up to TILE_ROWS rows, starting at row m and column `from`.
FORCED void panel_rows(const struct product *x, long m, int rows, long from) {
    const float *a = x->a + m * x->row, *panel = x->panels + from * x->depth;
    float *c = x->c + m * x->ldc + from;
    long width = x->n - from;
    float edge[TILE_ROWS * CK_PANEL], *to = c;
    long ldt = x->ldc;
    if (width < CK_PANEL) {
        // A partial panel is computed in a buffer, so that nothing is read or written past the ends of c's rows.
        to = edge, ldt = CK_PANEL;
        memset(edge, 0, sizeof edge);
        if (!x->bias)
            for (int i = 0; i < rows; i++) memcpy(edge + i * CK_PANEL, c + i * x->ldc, (size_t)width * sizeof *c);
    }
    const float *start = x->bias ? x->bias + from : to;
    long step = x->bias ? 0 : ldt;
    for (int j = 0; j < CK_PANEL; j += LANES * TILE_LANES)
        some_rows(rows, a, x->row, x->column, panel + j, x->k, start + j, step, to + j, ldt, x->activation);
    if (width < CK_PANEL)
        for (int i = 0; i < rows; i++) memcpy(c + i * x->ldc, edge + i * CK_PANEL, (size_t)width * sizeof *c);
}

static void matmul(const float *a, long lda, const float *panels, const float *bias, float *c, long ldc, long m, long k,
                   long n, int activation) {
    const struct product x = {a, panels, bias, c, lda, 1, ldc, k, k, n, activation};
    // Number of rows, few enough to stay in the second-level cache while they are multiplied with every panel. A few
    // more are taken along, as all panels would be read again for them.
    const long block = m > 128 ? 96 : 128;
    for (long top = 0; top < m; top += block) {
        long end = top + block < m ? top + block : m;
        for (long from = 0; from < n; from += CK_PANEL) {
            long row = top;
            for (; row + TILE_ROWS <= end; row += TILE_ROWS) panel_rows(&x, row, TILE_ROWS, from);
            if (row < end) panel_rows(&x, row, (int)(end - row), from);
        }
    }
}

static void accumulate(const float *a, long lda, const float *panels, long depth, float *c, long ldc, long m, long k,
                       long n) {
    // Number of rows of both factors, few enough to stay in the first-level cache while a panel's tiles are computed.
    const long block = 192;
    for (long top = 0; top < k; top += block) {
        const struct product x = {a + top * lda, panels + top * CK_PANEL, 0, c, 1, lda, ldc,
                                  top + block < k ? block : k - top, depth, n, CK_NONE};
        for (long from = 0; from < n; from += CK_PANEL) {
            long row = 0;
            for (; row + TILE_ROWS <= m; row += TILE_ROWS) panel_rows(&x, row, TILE_ROWS, from);
            if (row < m) panel_rows(&x, row, (int)(m - row), from);
        }
    }
}
