/* tensor.erfinv_() of PyTorch without MKL, once per type: NUMBER, NAME, and the C library's LOG, SQRT, EXP, ERF of it;
 * MULTIPLY_ADD (a, b, c) as the CPU capability computes it. A rational approximation, then two steps of Newton's method. */
static NUMBER NAME(polynomial)(bool fused, const NUMBER *c, int count, NUMBER z) {
    NUMBER p = c[0];
    for (int i = 1; i < count; i++)
        p = fused ? MULTIPLY_ADD(p, z, c[i]) : p * z + c[i];
    return p;
}

NUMBER NAME(iso_torch_erfinv)(iso_torch_variant variant, NUMBER y) {
    static const NUMBER a[] = {(NUMBER)-0.140543331, (NUMBER)0.914624893, (NUMBER)-1.645349621, (NUMBER)0.886226899},
                        b[] = {(NUMBER)0.012229801, (NUMBER)-0.329097515, (NUMBER)1.442710462, (NUMBER)-2.118377725, 1},
                        c[] = {(NUMBER)1.641345311, (NUMBER)3.429567803, (NUMBER)-1.624906493, (NUMBER)-1.970840454},
                        d[] = {(NUMBER)1.637067800, (NUMBER)3.543889200, 1};
    const NUMBER slope = 2 * (NUMBER)0.564189583547756286948079451560772585844;
    bool fused = !(variant & ISO_TORCH_SCALAR);
    NUMBER size = y < 0 ? -y : y, x, z;
    if (size >= 1)
        return size > 1 ? (NUMBER)NAN : y < 0 ? -(NUMBER)INFINITY : (NUMBER)INFINITY;
    if (size <= (NUMBER)0.7) {
        z = y * y;
        x = y * NAME(polynomial)(fused, a, 4, z) / NAME(polynomial)(fused, b, 5, z);
    } else {
        z = SQRT(-LOG((1 - size) / 2));
        NUMBER n = NAME(polynomial)(fused, c, 4, z);
        x = (y < 0 ? -(n < 0 ? -n : n) : n < 0 ? -n : n) / NAME(polynomial)(fused, d, 3, z);
    }
    for (int step = 0; step < 2; step++)
        x = x - (ERF(x) - y) / (slope * EXP(-x * x));
    return x;
}
