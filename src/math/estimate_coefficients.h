/* Written by scripts/math_coefficients.py. */
#ifndef ISO_MATH_ESTIMATE_COEFFICIENTS_H
#define ISO_MATH_ESTIMATE_COEFFICIENTS_H

/* (2^t - 1) / t, |t| <= 1/2 */
static const double iso_exp2_coefficients[] = {
    0x1.62e42fefa39efp-1,  0x1.ebfbdff823cedp-3,  0x1.c6b08d7047e52p-5,  0x1.3b2ab7181b755p-7,  0x1.5d87fe86fe88ep-10,
    0x1.4308ac85aa947p-13, 0x1.ffcb9515a8016p-17, 0x1.63d136366db24p-20, 0x1.b63880a30e9ffp-24,
};

/* log(1 + f) / f, sqrt(1/2) - 1 <= f <= sqrt(2) - 1 */
static const double iso_log_coefficients[] = {
    0x1.0000000000116p+0, -0x1.0000000002a35p-1, 0x1.555555543d37fp-2, -0x1.ffffffef14f50p-3,
    0x1.99999b01e07c4p-3, -0x1.55555d98b617ep-3, 0x1.2491f53b7d074p-3, -0x1.fffc5cb7e1187p-4,
    0x1.c72dc1f62ee0ep-4, -0x1.9a02c56b69a40p-4, 0x1.739f12997d609p-4, -0x1.4f1b6ae6b807bp-4,
    0x1.3b5f3ce81535dp-4, -0x1.51b75c33f0806p-4, 0x1.446e64f193c94p-4, -0x1.3e6fae393b4a3p-5,
};

/* erf(x) / x of w = x^2 / 8 - 1, |x| <= 4 */
static const double iso_erf_coefficients[] = {
    0x1.6a040781a4867p-2,   -0x1.69a0ccda3de95p-3,  0x1.0dabaf063f5a8p-3,   -0x1.b92e95c1acc28p-4,  0x1.717efc681b7c7p-4,
    -0x1.3215d8b28d6ecp-4,  0x1.ea97f3a51a1bdp-5,   -0x1.76e8654bad868p-5,  0x1.0ed515703ba75p-5,   -0x1.7034ec83b3ee5p-6,
    0x1.d63727e475de2p-7,   -0x1.1a02d2f2153cbp-7,  0x1.3e06cfa0506c3p-8,   -0x1.51e6147b00561p-9,  0x1.535f7332bf0afp-10,
    -0x1.41aec5471e8a6p-11, 0x1.1dadbe34ae020p-12,  -0x1.e9ba0bde4bfe8p-14, 0x1.abc8861189d8fp-15,  -0x1.46bad4c89de10p-16,
    0x1.46a885797d93dp-18,  -0x1.effd8ad23ca97p-20, 0x1.99629bc9271fap-20,  -0x1.ffef2bb611fc2p-22,
};

/* Phi(-z) e^(z^2 / 2) of (z - 5) / (z + 5), 0 <= z <= 15 */
static const double iso_tail_coefficients[] = {
    0x1.3b0fbcb4c7809p-4,   -0x1.25cd1321c9314p-3, 0x1.db6af87227e18p-4,  -0x1.4b4ce479ac68ap-4,  0x1.8807f2a20a854p-5,
    -0x1.7f9d0456b5440p-6,  0x1.26a114811b5cap-7,  -0x1.37ccbae863f23p-9, 0x1.cc707a8eafb5bp-13,  0x1.19965a88c05c2p-13,
    -0x1.fb18fc569cb8dp-15, 0x1.03378a8402b41p-20, 0x1.c296870d2a490p-18, -0x1.49e38e2c132b0p-20, -0x1.962d1ced9bf5dp-21,
    0x1.2e0427469bdf8p-23,  0x1.32e341fdab546p-24,
};

/* (Phi(x) - 1/2) / x of w = x^2 / 8 - 1, |x| <= 4 */
static const double iso_phi_coefficients[] = {
    0x1.68585bd0ffecdp-3,   -0x1.5961729d96dabp-4,  0x1.ca36871eb9f84p-5,   -0x1.2e0894dc5d4f7p-5,  0x1.70eff7b311587p-6,
    -0x1.98b176444fc04p-7,  0x1.98bed6f2fd47dp-8,   -0x1.71ed40c7cc422p-9,  0x1.3070dc5784868p-10,  -0x1.ca4022a6ddcd4p-12,
    0x1.3d2f39aa9c0b6p-13,  -0x1.95f4d18a66b8dp-15, 0x1.e2d6d977d47d0p-17,  -0x1.0c6eb48f8d898p-18, 0x1.1721b428d408cp-20,
    -0x1.0ac4b5f6d2989p-22, 0x1.eed9753aba4c0p-25,  -0x1.0b4193b5901c5p-26, 0x1.b3a306f8e6e6bp-29,
};

/* sin(r) / r of r^2, |r| <= pi / 2 */
static const double iso_sin_coefficients[] = {
    0x1.ffffffffffe3ap-1,  -0x1.5555555543bdep-3,  0x1.11111109ef000p-7,  -0x1.a019fd48ee1e6p-13,
    0x1.71dcf81f7d9dep-19, -0x1.ae04489f3e1c3p-26, 0x1.52e574529a459p-33,
};

/* ln(2) / 32 in three parts, and 2^(i/32) as a number and the rest, of binary32. */
#define ISO_EXP_STEP_HIGH   0x1.62e0000000000p-6f
#define ISO_EXP_STEP_MIDDLE 0x1.0c00000000000p-20f
#define ISO_EXP_STEP_LOW    -0x1.05c6100000000p-34f
static const float iso_exp2_32nds_high[32] = {
    0x1.0000000000000p+0f, 0x1.059b0e0000000p+0f, 0x1.0b55860000000p+0f, 0x1.11301e0000000p+0f, 0x1.172b840000000p+0f,
    0x1.1d48740000000p+0f, 0x1.2387a60000000p+0f, 0x1.29e9e00000000p+0f, 0x1.306fe00000000p+0f, 0x1.371a740000000p+0f,
    0x1.3dea640000000p+0f, 0x1.44e0860000000p+0f, 0x1.4bfdae0000000p+0f, 0x1.5342b60000000p+0f, 0x1.5ab07e0000000p+0f,
    0x1.6247ec0000000p+0f, 0x1.6a09e60000000p+0f, 0x1.71f75e0000000p+0f, 0x1.7a11480000000p+0f, 0x1.82589a0000000p+0f,
    0x1.8ace540000000p+0f, 0x1.93737c0000000p+0f, 0x1.9c49180000000p+0f, 0x1.a5503c0000000p+0f, 0x1.ae89fa0000000p+0f,
    0x1.b7f7700000000p+0f, 0x1.c199be0000000p+0f, 0x1.cb720e0000000p+0f, 0x1.d5818e0000000p+0f, 0x1.dfc9740000000p+0f,
    0x1.ea4afa0000000p+0f, 0x1.f507660000000p+0f,
};
static const float iso_exp2_32nds_low[32] = {
    0x0.0p+0f,
    -0x1.9d4f520000000p-25f,
    0x1.9f31220000000p-25f,
    -0x1.fdb4960000000p-25f,
    -0x1.c157420000000p-27f,
    -0x1.d2e8ca0000000p-25f,
    0x1.ceac480000000p-25f,
    -0x1.5c04240000000p-25f,
    0x1.4636e20000000p-25f,
    -0x1.18aac60000000p-25f,
    0x1.8246840000000p-25f,
    0x1.8624b40000000p-30f,
    -0x1.593abc0000000p-25f,
    -0x1.2c56100000000p-25f,
    -0x1.5bd5ec0000000p-27f,
    -0x1.f8b5500000000p-25f,
    0x1.9fcef40000000p-26f,
    0x1.1d8bee0000000p-25f,
    -0x1.829fd00000000p-25f,
    -0x1.accc7c0000000p-26f,
    0x1.15506e0000000p-27f,
    -0x1.e647440000000p-25f,
    0x1.51f8480000000p-27f,
    -0x1.b83b540000000p-25f,
    -0x1.a94b140000000p-26f,
    -0x1.a094380000000p-25f,
    -0x1.3d56b20000000p-27f,
    -0x1.8837cc0000000p-27f,
    -0x1.822dbc0000000p-27f,
    -0x1.908c940000000p-25f,
    0x1.52486c0000000p-27f,
    -0x1.246eb00000000p-26f,
};

#endif
