/* What the machine allows, and how near to it each operation of a plan comes. */
#ifndef ISO_BENCH_ROOFLINE_H
#define ISO_BENCH_ROOFLINE_H

#include "core/context.h"
#include "nn/graph.h"

/* Fused multiply-adds of an instruction set on the context's threads, in floating-point operations a second; 0 where it is not
 * known how to measure them. */
double roofline_flops(iso_context *ctx, iso_isa isa, int threads);
/* Bytes a second from and to memory, over all threads. */
double roofline_bandwidth(iso_context *ctx);

/* A line per operation: time, share of the step, share of the peak, and of the bandwidth, counting each operand once: what an
 * operation finds in a cache may exceed it. */
void roofline_print(const iso_graph *graph, const double *seconds, double flops, double bandwidth);

#endif
