/* isobit/isobit.h: all of Isobit's public headers. */
#ifndef ISOBIT_ISOBIT_H
#define ISOBIT_ISOBIT_H

#include "isobit/context.h"
#include "isobit/nn.h"
#include "isobit/random.h"
#include "isobit/report.h"
#include "isobit/run.h"
#include "isobit/tensor.h"

#endif
