// The packed matrix product on bytes. A tile of rows by lanes stays in registers for the whole loop over k.

// Number of rows of bytes, few enough to stay in the second-level cache while they are multiplied with every panel.
enum { INT8_BLOCK = 192 };

// Adds the products of `rows` rows of bytes with 16 * INT8_TILE_LANES columns of a panel.
FORCED void add_products(const int rows, const uint8_t *a, long lda, const int8_t *panel, long count,
                         sums sum[INT8_TILE_ROWS][INT8_TILE_LANES]) {
    for (long q = 0; q < count; q++, panel += 4 * CK_PANEL) {
        quads right[INT8_TILE_LANES];
        UNROLL
        for (int j = 0; j < INT8_TILE_LANES; j++) right[j] = load_quads(panel + j * 4 * LANES);
        UNROLL
        for (int i = 0; i < rows; i++) {
            quads left = splat_quad(a + i * lda + 4 * q);
            UNROLL
            for (int j = 0; j < INT8_TILE_LANES; j++) sum[i][j] = dot(sum[i][j], left, right[j]);
        }
    }
}

// Sets the sums of rows x (16 * INT8_TILE_LANES) products, from row m and `column` on.
FORCED void take_sums(const int rows, const struct ck_int8_left *a, long m, const struct ck_int8_right *b, long column,
                      sums sum[INT8_TILE_ROWS][INT8_TILE_LANES]) {
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < INT8_TILE_LANES; j++) sum[i][j] = no_sums();
    }
    long within = column % CK_PANEL;
    const uint8_t *bytes = a->bytes + m * a->stride;
    const int8_t *panel = b->panels + (column - within) * b->k + 4 * within;
    add_products(rows, bytes, a->stride, panel, b->k / 4, sum);
    if (a->digits == 1) return;
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < INT8_TILE_LANES; j++) sum[i][j] = shifted(sum[i][j], (int)a->shift);
    }
    add_products(rows, bytes + b->k, a->stride, panel, b->k / 4, sum);
}

// Computes rows x (16 * INT8_TILE_LANES) bytes of c, from row m and `column` on.
FORCED void tile_bytes(const int rows, const struct ck_int8_left *a, long m, const struct ck_int8_right *b, long column,
                       uint8_t *c, long ldc) {
    sums sum[INT8_TILE_ROWS][INT8_TILE_LANES];
    take_sums(rows, a, m, b, column, sum);
    UNROLL
    for (int j = 0; j < INT8_TILE_LANES; j++) {
        lanes scale = load(b->scale + column + j * LANES), bias = load(b->bias + column + j * LANES);
        UNROLL
        for (int i = 0; i < rows; i++)
            store_bytes(c + (m + i) * ldc + column + j * LANES, requantized(sum[i][j], scale, bias));
    }
}

FORCED lanes activated(lanes x, int activation) {
    if (activation == CK_RELU6) return smaller(greater(x, splat(0)), splat(6));
    if (activation == CK_RELU) return greater(x, splat(0));
    return x;
}

// Computes rows x (16 * INT8_TILE_LANES) floats at c, from row m and `column` on. Without a bias, they are added to c.
FORCED void tile_floats(const int rows, const struct ck_int8_left *a, long m, const struct ck_int8_right *b,
                        long column, float *c, long ldc, int activation) {
    sums sum[INT8_TILE_ROWS][INT8_TILE_LANES];
    take_sums(rows, a, m, b, column, sum);
    UNROLL
    for (int j = 0; j < INT8_TILE_LANES; j++) {
        lanes scale = load(b->scale + column + j * LANES);
        sums zero = load_sums(b->zero + column + j * LANES);
        UNROLL
        for (int i = 0; i < rows; i++) {
            float *to = c + i * ldc + j * LANES;
            lanes by = a->scale ? mul(splat(a->scale[m + i]), scale) : scale;
            lanes start = load(b->bias ? b->bias + column + j * LANES : to);
            store(to, activated(fma(as_lanes(difference(sum[i][j], zero)), by, start), activation));
        }
    }
}

// Calls a tile function with a number of rows that is known at compile time in every branch.
#define CASE(r, function, ...)                                                  \
    case r:                                                                     \
        if (r <= INT8_TILE_ROWS) function(r <= INT8_TILE_ROWS ? r : 1, __VA_ARGS__); \
        break;
#define SOME_ROWS(rows, ...)                                                                                 \
    switch (rows) {                                                                                          \
        CASE(1, __VA_ARGS__) CASE(2, __VA_ARGS__) CASE(3, __VA_ARGS__) CASE(4, __VA_ARGS__)                  \
        CASE(5, __VA_ARGS__) CASE(6, __VA_ARGS__) CASE(7, __VA_ARGS__) CASE(8, __VA_ARGS__)                  \
        CASE(9, __VA_ARGS__) CASE(10, __VA_ARGS__) CASE(11, __VA_ARGS__) CASE(12, __VA_ARGS__)               \
    }

static void matmul_bytes(const struct ck_int8_left *a, const struct ck_int8_right *b, uint8_t *c, long ldc, long m) {
    for (long top = 0; top < m; top += INT8_BLOCK) {
        long end = top + INT8_BLOCK < m ? top + INT8_BLOCK : m;
        for (long from = 0; from < b->n; from += CK_PANEL)
            for (long row = top; row < end; row += INT8_TILE_ROWS) {
                long rows = end - row < INT8_TILE_ROWS ? end - row : INT8_TILE_ROWS;
                for (long j = from; j < from + CK_PANEL; j += LANES * INT8_TILE_LANES)
                    SOME_ROWS(rows, tile_bytes, a, row, b, j, c, ldc)
            }
    }
}

// Computes up to 32 columns (one panel) of up to INT8_TILE_ROWS rows, starting at row m and column `from`.
FORCED void panel_floats(const struct ck_int8_left *a, const struct ck_int8_right *b, float *c, long ldc, long m,
                         long rows, long from, int activation) {
    long width = b->n - from;
    float edge[INT8_TILE_ROWS * CK_PANEL], *place = c + m * ldc + from, *to = place;
    long ldt = ldc;
    if (width < CK_PANEL) {
        // A partial panel is computed in a buffer, so that nothing is read or written past the ends of c's rows.
        to = edge, ldt = CK_PANEL;
        memset(edge, 0, sizeof edge);
        if (!b->bias)
            for (long i = 0; i < rows; i++) memcpy(edge + i * CK_PANEL, place + i * ldc, (size_t)width * sizeof *c);
    }
    for (long j = 0; j < CK_PANEL; j += LANES * INT8_TILE_LANES)
        SOME_ROWS(rows, tile_floats, a, m, b, from + j, to + j, ldt, activation)
    if (width < CK_PANEL)
        for (long i = 0; i < rows; i++) memcpy(place + i * ldc, edge + i * CK_PANEL, (size_t)width * sizeof *c);
}

static void matmul_floats(const struct ck_int8_left *a, const struct ck_int8_right *b, float *c, long ldc, long m,
                          int activation) {
    for (long top = 0; top < m; top += INT8_BLOCK) {
        long end = top + INT8_BLOCK < m ? top + INT8_BLOCK : m;
        for (long from = 0; from < b->n; from += CK_PANEL)
            for (long row = top; row < end; row += INT8_TILE_ROWS)
                panel_floats(a, b, c, ldc, row, end - row < INT8_TILE_ROWS ? end - row : INT8_TILE_ROWS, from,
                             activation);
    }
}
#undef CASE
#undef SOME_ROWS
