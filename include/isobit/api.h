/* isobit/api.h: marks what the shared library exports. */
#ifndef ISOBIT_API_H
#define ISOBIT_API_H

#ifndef ISO_API
#if defined(__GNUC__)
#define ISO_API __attribute__((visibility("default")))
#else
#define ISO_API
#endif
#endif

#endif
