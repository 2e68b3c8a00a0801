/* group_norm's derivative, over a run of pixels: docs/contract.md#group_norm. Its sums are those of batch_norm2d_tmpl.h. */

/* factor: the weight; a, b: the group's means of the gradient and of the gradient times the normalised x. */
static inline __attribute__((always_inline)) void ISA(group_norm_backward_by)(const iso_pixels *r, bool stream) {
    const float *mean = r->mean, *invstd = r->invstd, *weight = r->factor, *a = r->a, *b = r->b;
    FOR_PIXELS(r) {
        const float *restrict x = r->x + at, *restrict dy = r->dy + at;
        float *restrict dx = r->out + at;
        FOR_VECTORS {
            const vec inverse = vec_load(invstd + c), xhat = (vec_load(x + c) - vec_load(mean + c)) * inverse;
            const vec d = vec_fma(vec_load(dy + c), vec_load(weight + c), -vec_load(a + c));
            const vec result = inverse * vec_fma(-xhat, vec_load(b + c), d);
            if (stream)
                vec_stream(dx + c, result);
            else
                vec_store(dx + c, result);
        }
        FOR_REST {
            const float xhat = (x[c] - mean[c]) * invstd[c];
            dx[c] = invstd[c] * iso_fmaf(-xhat, b[c], iso_fmaf(dy[c], weight[c], -a[c]));
        }
    }
    if (stream)
        vec_stream_end();
}

static void ISA(group_norm_backward)(const iso_pixels *r) {
    ISA(streams)(r) ? ISA(group_norm_backward_by)(r, true) : ISA(group_norm_backward_by)(r, false);
}
