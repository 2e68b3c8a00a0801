/* What bench/functions.py calls: one function of one number on a chosen instruction set and number of threads. */
#include <string.h>

#include "core/context.h"
#include "ops/math_functions.h"

typedef void kernel(const iso_exec *e, int64_t count, const float *x, float *y);

ISO_API int bench_function(const char *name, const char *isa, int threads, int64_t count, const float *x, float *y);

/* Not 0 if there is no such function, instruction set or memory. An empty isa is the best one. */
int bench_function(const char *name, const char *isa, int threads, int64_t count, const float *x, float *y) {
    static iso_context *contexts[2];
    kernel *function = NULL;
    iso_exec e = {.isa = iso_isa_best()};
#define F(n)                                                                                                                     \
    if (strcmp(name, #n) == 0)                                                                                                   \
        function = iso_cpu_##n;
    ISO_MATH_FUNCTIONS(F)
#undef F
    if (!function || (*isa && (!iso_isa_from_name(isa, &e.isa) || !iso_isa_available(e.isa))) || threads < 1 || threads > 2)
        return 1;
    if (!contexts[threads - 1] && iso_context_new(&contexts[threads - 1], &(iso_context_options){.threads = threads}))
        return 1;
    e.pool = contexts[threads - 1]->pool;
    function(&e, count, x, y);
    return 0;
}
