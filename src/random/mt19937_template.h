/* The two loops of the Mersenne Twister, included once per form: NAME(stem) names it, TARGET holds its attributes. N and M are
 * the generator's. Iterations depend on each other at distances of 227 and more only, so that compilers vectorise. */

/* What the word between `upper` and `lower` contributes. */
TARGET static inline uint32_t NAME(mix)(uint32_t upper, uint32_t lower) {
    uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return (y >> 1) ^ ((0u - (lower & 1)) & 0x9908b0dfu);
}

TARGET static void NAME(twist)(uint32_t *s) {
    for (int i = 0; i < N - M; i++)
        s[i] = s[i + M] ^ NAME(mix)(s[i], s[i + 1]);
    for (int i = N - M; i < N - 1; i++)
        s[i] = s[i + M - N] ^ NAME(mix)(s[i], s[i + 1]);
    s[N - 1] = s[M - 1] ^ NAME(mix)(s[N - 1], s[0]);
}

TARGET static void NAME(temper)(uint32_t *restrict out, const uint32_t *restrict words, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = iso_mt19937_temper(words[i]);
}
