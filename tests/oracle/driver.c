/* For tests/oracle/reference.py: runs operations of the reference. Reads from stdin, until it ends, requests of one line
 *
 *     OPERATION NUMBER...
 *
 * and behind it the operands, arrays of float; answers on stdout with the results, arrays of float without a header, for both
 * sides know the shapes. Numbers are those of the operation's shape struct, in its order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/batch_norm2d.h"
#include "ops/conv2d.h"
#include "ops/elementwise.h"
#include "ops/group_norm.h"
#include "ops/linear.h"
#include "ops/loss.h"
#include "ops/optim.h"
#include "ops/pool2d.h"

#define MOST_NUMBERS 32
#define MOST_ARRAYS  16

static double number[MOST_NUMBERS];
static float *arrays[MOST_ARRAYS];
static int array_count;

static void stop(const char *why) {
    fprintf(stderr, "driver: %s\n", why);
    exit(2);
}

/* An array that lives until the request is answered. */
static float *array(int64_t count) {
    float *x = calloc((size_t)(count ? count : 1), sizeof *x);
    if (!x || array_count == MOST_ARRAYS)
        stop("out of memory");
    return arrays[array_count++] = x;
}
static float *operand(int64_t count) {
    float *x = array(count);
    if (fread(x, sizeof *x, (size_t)count, stdin) != (size_t)count)
        stop("the request ends early");
    return x;
}
static void answer(const float *x, int64_t count) {
    if (fwrite(x, sizeof *x, (size_t)count, stdout) != (size_t)count)
        stop("cannot write");
}

static int64_t integer(int i) {
    return (int64_t)number[i];
}

/* x, weight, bias, dy -> y, dx, dweight, dbias */
static void conv2d(void) {
    iso_conv2d_shape s = {integer(0), integer(1), integer(2),  integer(3),  integer(4),  integer(5),  integer(6),  integer(7),
                          integer(8), integer(9), integer(10), integer(11), integer(12), integer(13), integer(14), integer(15)};
    int64_t nx = s.n * s.h * s.w * s.c, nw = s.co * (s.c / s.groups) * s.kh * s.kw, ny = s.n * s.oh * s.ow * s.co;
    float *x = operand(nx), *w = operand(nw), *bias = operand(s.co), *dy = operand(ny);
    float *y = array(ny), *dx = array(nx), *dw = array(nw), *db = array(s.co);
    iso_ref_conv2d(&s, x, w, bias, y);
    iso_ref_conv2d_backward_input(&s, dy, w, dx);
    iso_ref_conv2d_backward_weight(&s, x, dy, dw);
    iso_ref_conv2d_backward_bias(&s, dy, db);
    answer(y, ny);
    answer(dx, nx);
    answer(dw, nw);
    answer(db, s.co);
}

/* x, weight, bias, dy -> y, dx, dweight, dbias */
static void linear(void) {
    iso_linear_shape s = {integer(0), integer(1), integer(2)};
    float *x = operand(s.n * s.in), *w = operand(s.out * s.in), *bias = operand(s.out), *dy = operand(s.n * s.out);
    float *y = array(s.n * s.out), *dx = array(s.n * s.in), *dw = array(s.out * s.in), *db = array(s.out);
    iso_ref_linear(&s, x, w, bias, y);
    iso_ref_linear_backward_input(&s, dy, w, dx);
    iso_ref_linear_backward_weight(&s, x, dy, dw);
    iso_ref_linear_backward_bias(&s, dy, db);
    answer(y, s.n * s.out);
    answer(dx, s.n * s.in);
    answer(dw, s.out * s.in);
    answer(db, s.out);
}

/* x, dy -> y, dx */
static void relu(void) {
    int64_t count = integer(0);
    float *x = operand(count), *dy = operand(count), *y = array(count), *dx = array(count);
    iso_ref_relu(count, x, y);
    iso_ref_relu_backward(count, y, dy, dx);
    answer(y, count);
    answer(dx, count);
}

/* p; x, keep (0 or 1) -> y */
static void dropout(void) {
    int64_t count = integer(0);
    float *x = operand(count), *keep = operand(count), *y = array(count);
    uint8_t *bytes = (uint8_t *)array(count);
    for (int64_t i = 0; i < count; i++)
        bytes[i] = keep[i] != 0;
    iso_ref_dropout(count, x, bytes, number[1], y);
    answer(y, count);
}

/* x, dy -> y, dx, and for max pooling the index */
static void pool2d(const char *kind) {
    iso_pool2d_shape s = {integer(0), integer(1), integer(2),  integer(3),  integer(4),  integer(5),  integer(6),  integer(7),
                          integer(8), integer(9), integer(10), integer(11), integer(12), integer(13), integer(14), integer(15)};
    int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
    float *x = operand(nx), *dy = operand(ny), *y = array(ny), *dx = array(nx), *places = array(ny);
    int32_t *index = (int32_t *)array(ny);
    if (strcmp(kind, "max_pool2d") == 0) {
        iso_ref_max_pool2d(&s, x, y, index);
        iso_ref_max_pool2d_backward(&s, dy, index, dx);
    } else if (strcmp(kind, "avg_pool2d") == 0) {
        iso_ref_avg_pool2d(&s, x, y);
        iso_ref_avg_pool2d_backward(&s, dy, dx);
    } else {
        iso_ref_adaptive_avg_pool2d(&s, x, y);
        iso_ref_adaptive_avg_pool2d_backward(&s, dy, dx);
    }
    for (int64_t i = 0; i < ny; i++)
        places[i] = (float)index[i];
    answer(y, ny);
    answer(dx, nx);
    answer(places, ny);
}

/* n hw c eps momentum affine training; x, weight, bias, running_mean, running_var, dy
 * -> y, running_mean, running_var, dx, dweight, dbias */
static void batch_norm2d(void) {
    iso_batch_norm2d_shape s = {integer(0), integer(1), integer(2), number[3]};
    int64_t count = s.n * s.hw * s.c;
    bool affine = number[5] != 0, training = number[6] != 0;
    float *x = operand(count), *weight = operand(s.c), *bias = operand(s.c), *running_mean = operand(s.c),
          *running_var = operand(s.c), *dy = operand(count);
    float *mean = array(s.c), *invstd = array(s.c), *y = array(count), *dx = array(count), *dw = array(s.c), *db = array(s.c);
    if (!affine)
        weight = bias = NULL;
    if (training) {
        iso_ref_batch_norm2d(&s, x, weight, bias, (float)number[4], running_mean, running_var, mean, invstd, y);
    } else {
        iso_ref_batch_norm2d_eval(&s, x, weight, bias, running_mean, running_var, invstd, y);
        memcpy(mean, running_mean, sizeof *mean * (size_t)s.c);
    }
    iso_ref_batch_norm2d_backward(&s, training, x, dy, weight, mean, invstd, dw, db, dx);
    answer(y, count);
    answer(running_mean, s.c);
    answer(running_var, s.c);
    answer(dx, count);
    answer(dw, s.c);
    answer(db, s.c);
}

/* n hw c groups eps affine; x, weight, bias, dy -> y, dx, dweight, dbias */
static void group_norm(void) {
    iso_group_norm_shape s = {integer(0), integer(1), integer(2), integer(3), number[4]};
    int64_t count = s.n * s.hw * s.c;
    float *x = operand(count), *weight = operand(s.c), *bias = operand(s.c), *dy = operand(count);
    float *mean = array(s.n * s.groups), *invstd = array(s.n * s.groups), *y = array(count), *dx = array(count), *dw = array(s.c),
          *db = array(s.c);
    if (number[5] == 0)
        weight = bias = NULL;
    iso_ref_group_norm(&s, x, weight, bias, mean, invstd, y);
    iso_ref_group_norm_backward(&s, x, dy, weight, mean, invstd, dx, dw, db);
    answer(y, count);
    answer(dx, count);
    answer(dw, s.c);
    answer(db, s.c);
}

/* n k sum ignore_index label_smoothing; x, target -> loss, dx */
static void cross_entropy(void) {
    iso_cross_entropy_shape s = {integer(0), integer(1), number[2] != 0 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN, integer(3),
                                 number[4]};
    float *x = operand(s.n * s.k), *classes = operand(s.n), *dx = array(s.n * s.k), loss;
    int64_t *target = calloc((size_t)s.n, sizeof *target);
    if (!target)
        stop("out of memory");
    for (int64_t i = 0; i < s.n; i++)
        target[i] = (int64_t)classes[i];
    iso_ref_cross_entropy(&s, x, target, &loss, dx);
    free(target);
    answer(&loss, 1);
    answer(dx, s.n * s.k);
}

/* n k sum; x, target -> loss, dx */
static void mse_loss(void) {
    iso_mse_shape s = {integer(0), integer(1), number[2] != 0 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN};
    float *x = operand(s.n * s.k), *target = operand(s.n * s.k), *dx = array(s.n * s.k), loss;
    iso_ref_mse_loss(&s, x, target, &loss, dx);
    answer(&loss, 1);
    answer(dx, s.n * s.k);
}

/* count steps lr momentum dampening weight_decay nesterov maximize; parameter, then a gradient per step -> parameter after each
 */
static void sgd(void) {
    int64_t count = integer(0);
    float *param = operand(count), *buffer = array(count), *grad = array(count);
    for (int64_t step = 0; step < integer(1); step++) {
        if (fread(grad, sizeof *grad, (size_t)count, stdin) != (size_t)count)
            stop("the request ends early");
        iso_sgd_scalars s = {(float)number[2], (float)number[3], (float)(1 - number[4]), (float)number[5], number[6] != 0,
                             number[7] != 0,   step == 0};
        iso_ref_sgd(&s, count, grad, number[3] != 0 ? buffer : NULL, param);
        answer(param, count);
    }
}

/* count steps lr beta1 beta2 eps weight_decay decoupled amsgrad maximize; as sgd */
static void adam(void) {
    int64_t count = integer(0);
    float *param = operand(count), *m = array(count), *v = array(count), *vmax = array(count), *grad = array(count);
    for (int64_t step = 1; step <= integer(1); step++) {
        if (fread(grad, sizeof *grad, (size_t)count, stdin) != (size_t)count)
            stop("the request ends early");
        iso_adam_scalars s = iso_adam_scalars_at(step, number[2], number[3], number[4], number[5], number[6], number[7] != 0,
                                                 number[8] != 0, number[9] != 0);
        iso_ref_adam(&s, count, grad, m, v, s.amsgrad ? vmax : NULL, param);
        answer(param, count);
    }
}

static void run(const char *operation) {
    static const struct {
        const char *name;
        void (*run)(void);
    } operations[] = {{"conv2d", conv2d},
                      {"linear", linear},
                      {"relu", relu},
                      {"dropout", dropout},
                      {"batch_norm2d", batch_norm2d},
                      {"group_norm", group_norm},
                      {"cross_entropy", cross_entropy},
                      {"mse_loss", mse_loss},
                      {"sgd", sgd},
                      {"adam", adam}};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operation, operations[i].name) == 0) {
            operations[i].run();
            return;
        }
    if (!strstr(operation, "pool2d"))
        stop("no such operation");
    pool2d(operation);
}

int main(void) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        char *save = NULL, *operation = strtok_r(line, " \n", &save), *text;
        memset(number, 0, sizeof number);
        for (int i = 0; i < MOST_NUMBERS && (text = strtok_r(NULL, " \n", &save)); i++)
            number[i] = strtod(text, NULL);
        if (!operation)
            stop("an empty request");
        run(operation);
        fflush(stdout);
        for (; array_count > 0; array_count--)
            free(arrays[array_count - 1]);
    }
    free(line);
    return 0;
}
