/* torch.multinomial, once per type of the weights: NUMBER; EXPONENTIAL rounds an exponential number to it. */

/* The first index whose share of the whole is at least u. */
static size_t NAME(search)(const NUMBER *cumulated, size_t count, double u) {
    size_t from = 0, to = count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if ((double)cumulated[middle] < u)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void NAME(with_replacement)(iso_torch_generator *g, int64_t *out, size_t n, const NUMBER *weights, size_t count,
                                   NUMBER *scratch) {
    NUMBER sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        scratch[i] = sum;
    }
    for (size_t i = 0; i < count; i++)
        scratch[i] /= sum;
    scratch[count - 1] = 1;
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)NAME(search)(scratch, count, unit(g));
}

/* Whether category a comes before b: by the larger number, then by the smaller index. */
static bool NAME(before)(const NUMBER *numbers, int64_t a, int64_t b) {
    return numbers[a] > numbers[b] || (numbers[a] == numbers[b] && a < b);
}

/* Restores the heap below `parent`. */
static void NAME(sift)(const NUMBER *numbers, int64_t *heap, size_t count, size_t parent) {
    for (size_t child; (child = 2 * parent + 1) < count; parent = child) {
        if (child + 1 < count && NAME(before)(numbers, heap[child + 1], heap[child]))
            child++;
        if (!NAME(before)(numbers, heap[child], heap[parent]))
            return;
        int64_t swapped = heap[child];
        heap[child] = heap[parent];
        heap[parent] = swapped;
    }
}

/* The n largest of weight / exponential number, in descending order. */
static void NAME(without_replacement)(iso_torch_generator *g, int64_t *out, size_t n, const NUMBER *weights, size_t count,
                                      NUMBER *scratch, int64_t *heap) {
    for (size_t i = 0; i < count; i++) {
        double exponential;
        iso_torch_exponential(g, &exponential, 1, 1);
        scratch[i] = weights[i] / EXPONENTIAL(exponential);
        heap[i] = (int64_t)i;
    }
    for (size_t i = count / 2; i-- > 0;)
        NAME(sift)(scratch, heap, count, i);
    for (size_t i = 0; i < n; i++) {
        out[i] = heap[0];
        heap[0] = heap[--count];
        NAME(sift)(scratch, heap, count, 0);
    }
}

void NAME(iso_torch_multinomial)(iso_torch_generator *g, int64_t *out, size_t n, const NUMBER *weights, size_t count,
                                 bool replacement, NUMBER *scratch, int64_t *order) {
    if (replacement && (n > 1 || g->variant & ISO_TORCH_1_13))
        NAME(with_replacement)(g, out, n, weights, count, scratch);
    else
        NAME(without_replacement)(g, out, n, weights, count, scratch, order);
}
