/* Measures the intervals of an instruction set's kernels, if this program has been built with it. */
void widths_avx2(void);
void widths_avx512(void);
