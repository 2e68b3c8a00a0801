/* What the program takes of the library beyond the public headers, where it is linked against the shared library (as it is
 * installed): the declarations marked here, which scripts/private_symbols.sh lists. They are exported under a symbol version of
 * this very release, so that a program never runs with the library of another one, and are no part of the interface: everything
 * about them may change any time. */
#ifndef ISO_CORE_PRIVATE_H
#define ISO_CORE_PRIVATE_H

#include "isobit/api.h"

#define ISO_FOR_PROGRAM ISO_API

#endif
