/* The native stream under TestU01 (P. L'Ecuyer and R. Simard): the numbers in the three orders in which training reads them.
 *
 *     testu01 small|crush|big [elements|samples|steps] */
#include <bbattery.h>
#include <stdio.h>
#include <string.h>
#include <swrite.h>
#include <unif01.h>

#include "isobit/random/philox.h"

static iso_place place = {.seed = 20261123, .purpose = ISO_PURPOSE_DROPOUT};
static uint64_t next;

/* One place, element after element. */
static unsigned elements(void) {
    static uint32_t buffer[4096];
    if (next % 4096 == 0)
        iso_philox_bits(&place, next, buffer, 4096);
    return buffer[next++ % 4096];
}

/* The first element of sample after sample. */
static unsigned samples(void) {
    uint32_t bits;
    place.sample = next++;
    iso_philox_bits(&place, 0, &bits, 1);
    return bits;
}

/* The first element of step after step. */
static unsigned steps(void) {
    uint32_t bits;
    place.step = next++;
    iso_philox_bits(&place, 0, &bits, 1);
    return bits;
}

/* How many p-values lie outside of [0.001, 0.999], as TestU01 itself marks them. */
static int suspect(void) {
    int count = 0;
    for (int i = 0; i < bbattery_NTests; i++)
        count += bbattery_pVal[i] < 0.001 || bbattery_pVal[i] > 0.999;
    return count;
}

/* And beyond 1e-10: no accident. */
static int failed(void) {
    int count = 0;
    for (int i = 0; i < bbattery_NTests; i++)
        count += bbattery_pVal[i] >= 0 && (bbattery_pVal[i] < 1e-10 || bbattery_pVal[i] > 1 - 1e-10);
    return count;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        unsigned (*bits)(void);
    } orders[] = {{"elements", elements}, {"samples", samples}, {"steps", steps}};
    const char *battery = argc > 1 ? argv[1] : "small";
    int wrong = 0, right = 0;
    swrite_Basic = FALSE;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (argc > 2 && strcmp(argv[2], orders[i].name) != 0)
            continue;
        char name[64];
        next = 0;
        place.sample = place.step = 0;
        snprintf(name, sizeof name, "isobit, %s", orders[i].name);
        unif01_Gen *gen = unif01_CreateExternGenBits(name, orders[i].bits);
        if (strcmp(battery, "big") == 0)
            bbattery_BigCrush(gen);
        else if (strcmp(battery, "crush") == 0)
            bbattery_Crush(gen);
        else
            bbattery_SmallCrush(gen);
        printf("%s, %s: %d p-values, %d outside of [0.001, 0.999], %d beyond 1e-10\n", battery, orders[i].name, bbattery_NTests,
               suspect(), failed());
        wrong += failed();
        right += bbattery_NTests - failed();
        unif01_DeleteExternGenBits(gen);
    }
    printf("%d passed, %d failed\n", right, wrong);
    return wrong != 0;
}
