/* Written by scripts/math_coefficients.py. */
#ifndef ISO_MATH_ESTIMATE_COEFFICIENTS_H
#define ISO_MATH_ESTIMATE_COEFFICIENTS_H

#include <math.h>

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

/* 1 / (1 + exp(-z)) - 1/2 */
/* clang-format off */
static const float iso_sigmoid_cells[8][32] = {
    {
        0x1p-22f, 0x1.ff718p-6f, 0x1.fd724p-5f, 0x1.7ba54p-4f, 0x1.f5af3p-4f, 0x1.360538p-3f, 0x1.6f0418p-3f, 0x1.a57b1p-3f,
        0x1.d93fb8p-3f, 0x1.050c28p-2f, 0x1.1bf998p-2f, 0x1.315b74p-2f, 0x1.453348p-2f, 0x1.578d44p-2f, 0x1.6867e8p-2f, 0x1.77da1cp-2f,
        0x1.85f0e8p-2f, 0x1.92c51cp-2f, 0x1.9e5e44p-2f, 0x1.a8e02cp-2f, 0x1.b25448p-2f, 0x1.bad764p-2f, 0x1.c27a1p-2f, 0x1.c951c8p-2f,
        0x1.cf706cp-2f, 0x1.d4e8d4p-2f, 0x1.d9c864p-2f, 0x1.de200cp-2f, 0x1.e1fcc4p-2f, 0x1.e56c34p-2f, 0x1.e8790cp-2f, NAN,
    },
    {
        0x1p-2f, 0x1.fe0154p-3f, 0x1.f81526p-3f, 0x1.ee69e4p-3f, 0x1.e149ap-3f, 0x1.d11574p-3f, 0x1.be3fbcp-3f, 0x1.a945bap-3f,
        0x1.92a946p-3f, 0x1.7aeae6p-3f, 0x1.6284c4p-3f, 0x1.49e6cp-3f, 0x1.3173b2p-3f, 0x1.197fcep-3f, 0x1.02500ap-3f, 0x1.d834d2p-4f,
        0x1.ae0dcp-4f, 0x1.86616p-4f, 0x1.615002p-4f, 0x1.3ee73p-4f, 0x1.1f2514p-4f, 0x1.01fba8p-4f, 0x1.cea744p-5f, 0x1.9e1ep-5f,
        0x1.721652p-5f, 0x1.4a4584p-5f, 0x1.265e34p-5f, 0x1.06129cp-5f, 0x1.d22ca2p-6f, 0x1.9e3efep-6f, 0x1.6fcfa6p-6f, NAN,
    },
    {
        -0x1.fffff8p-23f, -0x1.be681ap-18f, -0x1.8ad436p-17f, -0x1.546fcp-16f, -0x1.745962p-16f, -0x1.75be26p-16f, -0x1.db42e2p-16f, -0x1.0e236cp-16f,
        -0x1.4f514ep-16f, -0x1.dc6842p-17f, -0x1.46550ep-16f, -0x1.ca0afcp-17f, -0x1.09aaccp-18f, -0x1.113bc6p-16f, -0x1.974738p-18f, -0x1.e31cb8p-18f,
        -0x1.3caeaap-18f, -0x1.5a23c2p-16f, -0x1.8e45b4p-18f, -0x1.180f34p-16f, -0x1.0624a2p-17f, -0x1.2cdac6p-17f, -0x1.6ad5acp-18f, -0x1.24cbfp-18f,
        -0x1.a8f23ap-19f, -0x1.df9bcep-18f, -0x1.690198p-18f, -0x1.566c84p-18f, -0x1.950392p-19f, -0x1.898202p-19f, -0x1.b4c4f8p-20f, NAN,
    },
    {
        -0x1.828c9ep-40f, 0x1.2884d4p-28f, -0x1.43736ep-28f, -0x1.c4a116p-28f, 0x1.4af866p-29f, 0x1.5eb1dcp-28f, -0x1.fd457ep-28f, -0x1.ed64e8p-30f,
        0x1.f47538p-28f, 0x1.0235a8p-28f, -0x1.9153a2p-28f, -0x1.b567c4p-28f, -0x1.054376p-31f, -0x1.9e1a14p-29f, 0x1.3f69e8p-32f, 0x1.6c6062p-29f,
        0x1.f323b2p-29f, 0x1.c8a7ap-29f, 0x1.4cd28cp-29f, 0x1.4deb18p-30f, -0x1.c38f1p-29f, -0x1.a62828p-29f, 0x1.f001b8p-30f, -0x1.63f5b2p-32f,
        0x1.0586dp-30f, 0x1.5bd662p-32f, -0x1.49f1a8p-31f, 0x1.f2324ap-31f, -0x1.edcb26p-33f, -0x1.ad1c78p-32f, 0x1.b3de8cp-31f, NAN,
    },
    {
        0x0p+0f, -0x1.fd578ap-8f, -0x1.f57928p-7f, -0x1.6e865ep-6f, -0x1.d7814cp-6f, -0x1.199218p-5f, -0x1.3fd546p-5f, -0x1.5e0f02p-5f,
        -0x1.74273ap-5f, -0x1.825df2p-5f, -0x1.893b52p-5f, -0x1.897d22p-5f, -0x1.8403cep-5f, -0x1.79c0dcp-5f, -0x1.6ba7c6p-5f, -0x1.5aa216p-5f,
        -0x1.4786bep-5f, -0x1.33149cp-5f, -0x1.1defa8p-5f, -0x1.08a058p-5f, -0x1.e7291p-6f, -0x1.be432ap-6f, -0x1.970e02p-6f, -0x1.71e2fap-6f,
        -0x1.4efbd4p-6f, -0x1.2e7882p-6f, -0x1.10646ap-6f, -0x1.e9762ap-7f, -0x1.b6d854p-7f, -0x1.88bd92p-7f, -0x1.5ee88cp-7f, NAN,
    },
    {
        -0x1.55554cp-6f, -0x1.50077ep-6f, -0x1.40770cp-6f, -0x1.27a4f4p-6f, -0x1.071e3cp-6f, -0x1.c1a4aap-7f, -0x1.6dc4f2p-7f, -0x1.16e1e6p-7f,
        -0x1.81d97cp-8f, -0x1.bd0aaep-9f, -0x1.2426dep-10f, 0x1.d76d66p-11f, 0x1.568048p-9f, 0x1.072cfcp-8f, 0x1.4f1524p-8f, 0x1.8434acp-8f,
        0x1.a85d1cp-8f, 0x1.bdb6cep-8f, 0x1.c68ceap-8f, 0x1.c5254ep-8f, 0x1.bba406p-8f, 0x1.abf926p-8f, 0x1.97d6f6p-8f, 0x1.80aeb8p-8f,
        0x1.67b1f2p-8f, 0x1.4dd6d8p-8f, 0x1.33de76p-8f, 0x1.1a5b9cp-8f, 0x1.01bap-8f, 0x1.d489fcp-9f, 0x1.a85b8cp-9f, NAN,
    },
    {
        0x0p+0f, 0x1.514ecep-10f, 0x1.464db6p-9f, 0x1.cf25p-9f, 0x1.1dd638p-8f, 0x1.4399a2p-8f, 0x1.58121ep-8f, 0x1.5bf71ep-8f,
        0x1.51201ep-8f, 0x1.3a3422p-8f, 0x1.1a5058p-8f, 0x1.e97d5ap-9f, 0x1.989756p-9f, 0x1.472e18p-9f, 0x1.f224dp-10f, 0x1.6295ccp-10f,
        0x1.c67d7p-11f, 0x1.d802dap-12f, 0x1.af7e56p-14f, -0x1.70adf2p-13f, -0x1.9bec4ep-12f, -0x1.22349ap-11f, -0x1.5da11p-11f, -0x1.83d9f8p-11f,
        -0x1.98e136p-11f, -0x1.a02826p-11f, -0x1.9d01d4p-11f, -0x1.91f3aap-11f, -0x1.814332p-11f, -0x1.6cb65ap-11f, -0x1.55d7bcp-11f, NAN,
    },
    {
        0x1.10e0b8p-9f, 0x1.07e848p-9f, 0x1.dbff06p-10f, 0x1.8bf996p-10f, 0x1.2829bcp-10f, 0x1.74c984p-11f, 0x1.320644p-12f, -0x1.8e4d36p-14f,
        -0x1.bd360cp-12f, -0x1.657534p-11f, -0x1.c35566p-11f, -0x1.f97a28p-11f, -0x1.06241p-10f, -0x1.010864p-10f, -0x1.e1f1dcp-11f, -0x1.b2eeacp-11f,
        -0x1.7b50fap-11f, -0x1.404ef8p-11f, -0x1.05ea9cp-11f, -0x1.9df556p-12f, -0x1.3a9b7cp-12f, -0x1.c7683cp-13f, -0x1.33c14p-13f, -0x1.735974p-14f,
        -0x1.5d809ep-15f, -0x1.4bc51ap-18f, 0x1.813afap-16f, 0x1.6c2778p-15f, 0x1.e4016cp-15f, 0x1.190872p-14f, 0x1.2f872cp-14f, NAN,
    },
};
/* clang-format on */

#define ISO_SIGMOID_WIDTH 0x1.00000a0000000p+0f

/* Phi(z) - 1/2 */
/* clang-format off */
static const float iso_phi_cells[8][32] = {
    {
        0x1.4p-20f, 0x1.97bc2p-5f, 0x1.9497fp-4f, 0x1.2b8938p-3f, 0x1.8853bp-3f, 0x1.df7fbp-3f, 0x1.18081p-2f, 0x1.3cba54p-2f,
        0x1.5d9acp-2f, 0x1.7aa344p-2f, 0x1.93db8p-2f, 0x1.a9695cp-2f, 0x1.bba10cp-2f, 0x1.cabbd8p-2f, 0x1.d70898p-2f, 0x1.e0f05cp-2f,
        0x1.e8c0e8p-2f, 0x1.eeda24p-2f, 0x1.f384bp-2f, 0x1.f70b74p-2f, 0x1.f9a888p-2f, 0x1.fb92d4p-2f, 0x1.fcf42cp-2f, 0x1.fdef2p-2f,
        0x1.fe9fap-2f, 0x1.ff186p-2f, 0x1.ff6a54p-2f, 0x1.ffa0ep-2f, 0x1.ffc498p-2f, 0x1.ffdb78p-2f, 0x1.ffe9fp-2f, NAN,
    },
    {
        0x1.988454p-2f, 0x1.95567ap-2f, 0x1.8bf2bap-2f, 0x1.7cc794p-2f, 0x1.6883dp-2f, 0x1.50096ep-2f, 0x1.345d5ep-2f, 0x1.169596p-2f,
        0x1.ef8e58p-3f, 0x1.b1ec62p-3f, 0x1.7610bap-3f, 0x1.3d7712p-3f, 0x1.094086p-3f, 0x1.b46178p-4f, 0x1.616454p-4f, 0x1.19bfa4p-4f,
        0x1.ba4b44p-5f, 0x1.55c74p-5f, 0x1.0402ep-5f, 0x1.857a94p-6f, 0x1.1f2f06p-6f, 0x1.a0f22cp-7f, 0x1.29fa54p-7f, 0x1.a34ea6p-8f,
        0x1.227214p-8f, 0x1.8c2226p-9f, 0x1.09f38ep-9f, 0x1.5f90f6p-10f, 0x1.c9897ep-11f, 0x1.251bf8p-11f, 0x1.71b92ep-12f, NAN,
    },
    {
        -0x1.3ffffap-20f, -0x1.1e077ap-15f, -0x1.2b69ccp-14f, -0x1.715018p-14f, -0x1.b1bb94p-14f, -0x1.e5ab16p-14f, -0x1.9102aep-14f, -0x1.7fbabap-14f,
        -0x1.145dbap-14f, -0x1.e620fp-15f, -0x1.5e8958p-15f, -0x1.c18f6ap-18f, -0x1.44ec44p-15f, -0x1.0a37eep-14f, -0x1.bb9046p-15f, -0x1.0954e8p-14f,
        -0x1.96f05p-15f, -0x1.8cf6f4p-15f, -0x1.284f1ap-15f, -0x1.e84388p-16f, -0x1.16e578p-16f, -0x1.46d808p-17f, -0x1.4c868cp-18f, -0x1.62439ap-19f,
        -0x1.7e1f92p-18f, -0x1.6d7a5p-18f, -0x1.977eb8p-18f, -0x1.a06f8ap-18f, -0x1.93791ep-18f, -0x1.57eff2p-18f, -0x1.1d956p-18f, NAN,
    },
    {
        -0x1.85bd38p-27f, -0x1.00a2acp-27f, 0x1.031012p-30f, 0x1.d8066ep-27f, 0x1.0ff87ap-29f, -0x1.880eeap-29f, 0x1.f5ba2p-27f, -0x1.cefa9ep-30f,
        0x1.c6bae4p-28f, 0x1.aa43ecp-34f, -0x1.796464p-28f, 0x1.523468p-31f, -0x1.257c38p-28f, 0x1.2cebccp-29f, -0x1.27f29p-29f, -0x1.5d209ep-29f,
        -0x1.232e8ep-30f, -0x1.31799cp-30f, -0x1.630298p-32f, 0x1.3dac32p-33f, -0x1.5106ap-31f, -0x1.6fd2bcp-35f, 0x1.8b1cfep-32f, -0x1.06c6d2p-33f,
        -0x1.91ca98p-39f, 0x1.ae133cp-34f, 0x1.86eeb2p-37f, 0x1.9d80eap-35f, -0x1.d49046p-36f, -0x1.6ebf5ep-37f, 0x1.9c44p-37f, NAN,
    },
    {
        0x0p+0f, -0x1.955668p-6f, -0x1.8bf2aap-5f, -0x1.1d95a4p-4f, -0x1.6883c2p-4f, -0x1.a40bbap-4f, -0x1.ce8bfep-4f, -0x1.e785b6p-4f,
        -0x1.ef8e4ap-4f, -0x1.e829e2p-4f, -0x1.d394dcp-4f, -0x1.b483bp-4f, -0x1.8de0c2p-4f, -0x1.628f2ep-4f, -0x1.3537c6p-4f, -0x1.0823a6p-4f,
        -0x1.ba4b4p-5f, -0x1.6b23b2p-5f, -0x1.24833ap-5f, -0x1.ce818ep-6f, -0x1.66fac4p-6f, -0x1.119eeap-6f, -0x1.99b82ep-7f, -0x1.2d608p-7f,
        -0x1.b3ab1p-8f, -0x1.357aa2p-8f, -0x1.b02bbp-9f, -0x1.28a23cp-9f, -0x1.90582ap-10f, -0x1.09a13cp-10f, -0x1.5a9d6ep-11f, NAN,
    },
    {
        -0x1.10582ep-4f, -0x1.0a00b6p-4f, -0x1.eeef58p-5f, -0x1.b44f4cp-5f, -0x1.6883c6p-5f, -0x1.1107a4p-5f, -0x1.67c242p-6f, -0x1.5c3b06p-7f,
        -0x1.602002p-27f, 0x1.335ca8p-7f, 0x1.188c7ap-6f, 0x1.78fd54p-6f, 0x1.ba1622p-6f, 0x1.dd4a8cp-6f, 0x1.e5e9e6p-6f, 0x1.d88406p-6f,
        0x1.ba4b3cp-6f, 0x1.90857ap-6f, 0x1.601936p-6f, 0x1.2d3cccp-6f, 0x1.f69246p-7f, 0x1.99586ap-7f, 0x1.45e9ccp-7f, 0x1.fbc13ap-8f,
        0x1.8342c2p-8f, 0x1.215cfp-8f, 0x1.a7dc24p-9f, 0x1.306a7ep-9f, 0x1.acf0d8p-10f, 0x1.288b3ep-10f, 0x1.92757ep-11f, NAN,
    },
    {
        0x0p+0f, 0x1.92d68cp-8f, 0x1.8357b2p-7f, 0x1.0ff2c6p-6f, 0x1.4a2e9cp-6f, 0x1.6d0e46p-6f, 0x1.778726p-6f, 0x1.6ad8dcp-6f,
        0x1.4a2d06p-6f, 0x1.1a1af8p-6f, 0x1.bff808p-7f, 0x1.42da82p-7f, 0x1.8e28f8p-8f, 0x1.54b3fp-9f, -0x1.93ef74p-12f, -0x1.6a39f2p-9f,
        -0x1.265c88p-8f, -0x1.6e71cap-8f, -0x1.91d5cap-8f, -0x1.96cdc2p-8f, -0x1.84b2aep-8f, -0x1.62bc98p-8f, -0x1.3783a8p-8f, -0x1.087fdep-8f,
        -0x1.b3c2aap-9f, -0x1.5d18ccp-9f, -0x1.10812cp-9f, -0x1.9f1eeap-10f, -0x1.34e0fp-10f, -0x1.c16d26p-11f, -0x1.3ff128p-11f, NAN,
    },
    {
        0x1.468c2ep-7f, 0x1.39e96p-7f, 0x1.155dap-7f, 0x1.b99dcp-8f, 0x1.2c4866p-8f, 0x1.21f07ep-9f, -0x1.2f72c6p-13f, -0x1.2ade5ap-9f,
        -0x1.07f3dap-8f, -0x1.59d4aap-8f, -0x1.88037ap-8f, -0x1.936f72p-8f, -0x1.805d94p-8f, -0x1.556c42p-8f, -0x1.1a7234p-8f, -0x1.aece78p-9f,
        -0x1.26f7cep-9f, -0x1.51dce6p-10f, -0x1.e628eap-12f, 0x1.903376p-13f, 0x1.5c7722p-11f, 0x1.fb22a6p-11f, 0x1.2601d6p-10f, 0x1.2f7056p-10f,
        0x1.224b5p-10f, 0x1.0683a8p-10f, 0x1.c5c384p-11f, 0x1.7964p-11f, 0x1.2f6eep-11f, 0x1.d93e46p-12f, 0x1.66c886p-12f, NAN,
    },
};
/* clang-format on */

#define ISO_PHI_WIDTH 0x1.00000a0000000p+0f

/* tanh(sqrt(2 / pi) (z + 0.044715 z^3)) / 2 */
/* clang-format off */
static const float iso_gelu_tanh_cells[8][32] = {
    {
        0x1.5p-20f, 0x1.97cap-5f, 0x1.948f8p-4f, 0x1.2b87d8p-3f, 0x1.884748p-3f, 0x1.df5a68p-3f, 0x1.17f37p-2f, 0x1.3c9c18p-2f,
        0x1.5d774p-2f, 0x1.7a7648p-2f, 0x1.93a7bcp-2f, 0x1.a941cp-2f, 0x1.bb7768p-2f, 0x1.ca99p-2f, 0x1.d6fa7cp-2f, 0x1.e0ef68p-2f,
        0x1.e8cebcp-2f, 0x1.eef0ecp-2f, 0x1.f3a938p-2f, 0x1.f73438p-2f, 0x1.f9d838p-2f, 0x1.fbc2acp-2f, 0x1.fd2148p-2f, 0x1.fe1838p-2f,
        0x1.fec2ecp-2f, 0x1.ff36ecp-2f, 0x1.ff82e4p-2f, 0x1.ffb44p-2f, 0x1.ffd35p-2f, 0x1.ffe66cp-2f, 0x1.fff1ep-2f, NAN,
    },
    {
        0x1.988454p-2f, 0x1.95528p-2f, 0x1.8be3b2p-2f, 0x1.7ca8dp-2f, 0x1.685438p-2f, 0x1.4fcc06p-2f, 0x1.341904p-2f, 0x1.1653f8p-2f,
        0x1.ef2636p-3f, 0x1.b1b33ap-3f, 0x1.7614e2p-3f, 0x1.3dbe86p-3f, 0x1.09c7aep-3f, 0x1.b5d622p-4f, 0x1.6318e4p-4f, 0x1.1b86dcp-4f,
        0x1.bda58p-5f, 0x1.58a198p-5f, 0x1.06289cp-5f, 0x1.882992p-6f, 0x1.20431p-6f, 0x1.a03e66p-7f, 0x1.26ffdap-7f, 0x1.9a2f3ep-8f,
        0x1.178bf2p-8f, 0x1.753c28p-9f, 0x1.e7bfcap-10f, 0x1.37b01ap-10f, 0x1.8546c2p-11f, 0x1.dab3b8p-12f, 0x1.1a5e3cp-12f, NAN,
    },
    {
        -0x1.4ffff8p-20f, -0x1.5adcecp-15f, -0x1.1e4fb2p-14f, -0x1.a8410ep-14f, -0x1.def0fap-14f, -0x1.b9b926p-14f, -0x1.c87f8p-14f, -0x1.a533f4p-14f,
        -0x1.5d11a4p-14f, -0x1.ec4a74p-15f, -0x1.84e98cp-16f, -0x1.ab6decp-16f, -0x1.a2e598p-16f, -0x1.363d5ap-15f, -0x1.dca70ep-15f, -0x1.0b7facp-14f,
        -0x1.b692b8p-15f, -0x1.3b3a42p-15f, -0x1.4ce87ap-15f, -0x1.80db82p-16f, -0x1.7acbc6p-16f, -0x1.cac934p-17f, -0x1.7d9beap-18f, -0x1.64fd54p-19f,
        -0x1.862ab8p-19f, -0x1.9484aep-18f, -0x1.6a654p-18f, -0x1.894106p-18f, -0x1.76f326p-18f, -0x1.57d2c6p-18f, -0x1.33ab28p-18f, NAN,
    },
    {
        -0x1.85c068p-27f, 0x1.a74f64p-27f, -0x1.d45524p-28f, 0x1.d05abp-28f, -0x1.5cc2d6p-30f, -0x1.3cd97p-27f, 0x1.74faf8p-27f, -0x1.c56b42p-30f,
        -0x1.e6f7d8p-28f, -0x1.3d0c1p-28f, -0x1.49c21p-29f, -0x1.7313c2p-28f, -0x1.c45ad6p-28f, 0x1.a887d4p-29f, 0x1.1641a6p-30f, 0x1.db947cp-29f,
        -0x1.c49832p-31f, -0x1.747762p-34f, -0x1.da5a3ep-30f, 0x1.e00b76p-33f, -0x1.e82442p-31f, -0x1.3cd4eep-32f, 0x1.99e1dep-32f, 0x1.2e295ep-33f,
        0x1.cceedap-37f, -0x1.ffed8ep-38f, -0x1.32e46p-36f, 0x1.c3014cp-37f, -0x1.a65accp-36f, -0x1.769ac2p-37f, 0x1.19bc86p-37f, NAN,
    },
    {
        0x0p+0f, -0x1.97497ep-6f, -0x1.8daff4p-5f, -0x1.1ea4c4p-4f, -0x1.6983eep-4f, -0x1.a4bb12p-4f, -0x1.ceb33p-4f, -0x1.e703dep-4f,
        -0x1.ee60f6p-4f, -0x1.e66f0cp-4f, -0x1.d185fep-4f, -0x1.b26aep-4f, -0x1.8c0a6cp-4f, -0x1.613bbep-4f, -0x1.34909p-4f, -0x1.083536p-4f,
        -0x1.bbc058p-5f, -0x1.6d9e1p-5f, -0x1.279b5cp-5f, -0x1.d51156p-6f, -0x1.6d2548p-6f, -0x1.16d002p-6f, -0x1.a178e8p-7f, -0x1.3249c6p-7f,
        -0x1.b82b6ap-8f, -0x1.358f8ap-8f, -0x1.a9d86cp-9f, -0x1.1e3fcp-9f, -0x1.77c7c2p-10f, -0x1.e1522cp-11f, -0x1.2c8192p-11f, NAN,
    },
    {
        -0x1.11b142p-4f, -0x1.0b34fp-4f, -0x1.f08684p-5f, -0x1.b4b076p-5f, -0x1.6780d2p-5f, -0x1.0eb5fp-5f, -0x1.6135b4p-6f, -0x1.4d9612p-7f,
        0x1.af3a46p-12f, 0x1.3d1454p-7f, 0x1.1a9326p-6f, 0x1.77c69ap-6f, 0x1.b5d8ap-6f, 0x1.d6c99ap-6f, 0x1.de450ep-6f, 0x1.d0f67ap-6f,
        0x1.b3ec7p-6f, 0x1.8c194ap-6f, 0x1.5df82cp-6f, 0x1.2d559p-6f, 0x1.fa6c86p-7f, 0x1.9fab62p-7f, 0x1.4d682ap-7f, 0x1.055ce8p-7f,
        0x1.906dacp-8f, 0x1.2ba58ep-8f, 0x1.b5de9p-9f, 0x1.382eaap-9f, 0x1.b212f2p-10f, 0x1.260e62p-10f, 0x1.83e912p-11f, NAN,
    },
    {
        0x0p+0f, 0x1.9be4b2p-8f, 0x1.8bab04p-7f, 0x1.154f66p-6f, 0x1.4fc118p-6f, 0x1.71ba84p-6f, 0x1.7a5044p-6f, 0x1.6b140ep-6f,
        0x1.47a9dp-6f, 0x1.1540b8p-6f, 0x1.b37518p-7f, 0x1.35ecep-7f, 0x1.7862dcp-8f, 0x1.38c686p-9f, -0x1.d68538p-12f, -0x1.5f3ep-9f,
        -0x1.195112p-8f, -0x1.5cf7ecp-8f, -0x1.7f4114p-8f, -0x1.8643a4p-8f, -0x1.7844bap-8f, -0x1.5b7a2ep-8f, -0x1.3553e8p-8f, -0x1.0a870ap-8f,
        -0x1.bd91d6p-9f, -0x1.69d282p-9f, -0x1.1d97c6p-9f, -0x1.b654aep-10f, -0x1.47001p-10f, -0x1.da1e52p-11f, -0x1.4dd9c6p-11f, NAN,
    },
    {
        0x1.4e0196p-7f, 0x1.40c63p-7f, 0x1.1a7a16p-7f, 0x1.be5336p-8f, 0x1.2a287ap-8f, 0x1.0fb61p-9f, -0x1.83fc2ep-12f, -0x1.4e27fcp-9f,
        -0x1.18cdap-8f, -0x1.663b04p-8f, -0x1.8d4bf8p-8f, -0x1.90a298p-8f, -0x1.7669eep-8f, -0x1.46cd5ep-8f, -0x1.0a7294p-8f, -0x1.928174p-9f,
        -0x1.1334ecp-9f, -0x1.40304cp-10f, -0x1.f55faap-12f, 0x1.d3afeep-14f, 0x1.1e95c2p-11f, 0x1.b7905ap-11f, 0x1.078efep-10f, 0x1.186f8p-10f,
        0x1.147d5ep-10f, 0x1.0196fcp-10f, 0x1.ca27dep-11f, 0x1.871d18p-11f, 0x1.418416p-11f, 0x1.fded94p-12f, 0x1.8672d4p-12f, NAN,
    },
};
/* clang-format on */

#define ISO_GELU_TANH_WIDTH 0x1.00000c0000000p+0f

/* 1 / (1 + exp(-z)) - 1/2, by cells of 1/4 */
/* clang-format off */
static const float iso_sigmoid16_cells[9][16] = {
    {
        0x1.b9p-16f, 0x1.fd8c8p-5f, 0x1.f5abdp-4f, 0x1.6f04bp-3f, 0x1.d946p-3f, 0x1.1bfd28p-2f, 0x1.4538ap-2f, 0x1.686bep-2f,
        0x1.85f8dp-2f, 0x1.9e643cp-2f, 0x1.b25614p-2f, 0x1.c27be8p-2f, 0x1.cf7254p-2f, 0x1.d9cb6p-2f, 0x1.e1fda8p-2f, NAN,
    },
    {
        0x1p-2f, 0x1.f81526p-3f, 0x1.e149ap-3f, 0x1.be3fbcp-3f, 0x1.92a946p-3f, 0x1.6284c4p-3f, 0x1.3173b2p-3f, 0x1.02500ap-3f,
        0x1.ae0dcp-4f, 0x1.615002p-4f, 0x1.1f2514p-4f, 0x1.cea744p-5f, 0x1.721652p-5f, 0x1.265e34p-5f, 0x1.d22ca2p-6f, NAN,
    },
    {
        -0x1.b8fff8p-16f, -0x1.976a16p-16f, -0x1.3e596p-16f, -0x1.ee42ep-16f, -0x1.0c28a6p-15f, -0x1.152a84p-15f, -0x1.986aacp-16f, -0x1.63d1c8p-16f,
        -0x1.2495dp-15f, -0x1.e19164p-16f, -0x1.ec249cp-17f, -0x1.a16adp-17f, -0x1.5e3c8ap-17f, -0x1.194064p-16f, -0x1.ae81c8p-18f, NAN,
    },
    {
        -0x1.81aa7cp-34f, -0x1.481bcp-28f, 0x1.47b41p-29f, -0x1.fbdaf6p-28f, 0x1.f79994p-28f, -0x1.8e0cd4p-28f, -0x1.e45ecap-32f, 0x1.52e47ep-32f,
        0x1.f3aeb8p-29f, 0x1.4c3e8cp-29f, -0x1.c49642p-29f, 0x1.ede70ap-30f, 0x1.03c744p-30f, -0x1.4c82p-31f, -0x1.f4a306p-33f, NAN,
    },
    {
        0x0p+0f, -0x1.f5792ep-7f, -0x1.d78152p-6f, -0x1.3fd548p-5f, -0x1.74273ap-5f, -0x1.893b54p-5f, -0x1.8403cep-5f, -0x1.6ba7c6p-5f,
        -0x1.4786bep-5f, -0x1.1defa8p-5f, -0x1.e7291p-6f, -0x1.970e02p-6f, -0x1.4efbd4p-6f, -0x1.106468p-6f, -0x1.b6d852p-7f, NAN,
    },
    {
        -0x1.55552p-6f, -0x1.4076e8p-6f, -0x1.071e3p-6f, -0x1.6dc508p-7f, -0x1.81d9dcp-8f, -0x1.24286cp-10f, 0x1.567fb8p-9f, 0x1.4f14fep-8f,
        0x1.a85d14p-8f, 0x1.c68cf4p-8f, 0x1.bba416p-8f, 0x1.97d706p-8f, 0x1.67b1fep-8f, 0x1.33de8p-8f, 0x1.01ba06p-8f, NAN,
    },
    {
        0x0p+0f, 0x1.4690a2p-9f, 0x1.1e0f9ep-8f, 0x1.584852p-8f, 0x1.513df2p-8f, 0x1.1a6c1p-8f, 0x1.989aeep-9f, 0x1.f20ee6p-10f,
        0x1.c62f5cp-11f, 0x1.ad23f8p-14f, -0x1.9c5acp-12f, -0x1.5dc862p-11f, -0x1.98fa16p-11f, -0x1.9d3baap-11f, -0x1.815ebcp-11f, NAN,
    },
    {
        0x1.105006p-9f, 0x1.db1bdp-10f, 0x1.27da14p-10f, 0x1.331acep-12f, -0x1.bad0dp-12f, -0x1.c215bcp-11f, -0x1.05afc2p-10f, -0x1.e17b28p-11f,
        -0x1.7b368ap-11f, -0x1.0606d6p-11f, -0x1.3affccp-12f, -0x1.348e82p-13f, -0x1.602aap-15f, 0x1.7d52dep-16f, 0x1.e2b3c6p-15f, NAN,
    },
    {
        0x0p+0f, -0x1.66e112p-12f, -0x1.1e065p-11f, -0x1.17e604p-11f, -0x1.938d68p-12f, -0x1.9a4bb4p-13f, -0x1.efb36ap-17f, 0x1.957d04p-14f,
        0x1.1db64p-13f, 0x1.1ca708p-13f, 0x1.de496p-14f, 0x1.56e74ap-14f, 0x1.b61426p-15f, 0x1.3915fcp-15f, 0x1.2626d6p-16f, NAN,
    },
};
/* clang-format on */

#define ISO_SIGMOID16_WIDTH 0x1.00000a0000000p+0f

/* Phi(z) - 1/2, by cells of 1/4 */
/* clang-format off */
static const float iso_phi16_cells[9][16] = {
    {
        0x1.364p-13f, 0x1.94cd3p-4f, 0x1.8842a8p-3f, 0x1.180584p-2f, 0x1.5daab8p-2f, 0x1.93eb5cp-2f, 0x1.bba9bp-2f, 0x1.d709fp-2f,
        0x1.e8babcp-2f, 0x1.f38508p-2f, 0x1.f9aeep-2f, 0x1.fcf8d4p-2f, 0x1.fea18p-2f, 0x1.ff695p-2f, 0x1.ffc3e8p-2f, NAN,
    },
    {
        0x1.988454p-2f, 0x1.8bf2bap-2f, 0x1.6883dp-2f, 0x1.345d5ep-2f, 0x1.ef8e58p-3f, 0x1.7610bap-3f, 0x1.094086p-3f, 0x1.616454p-4f,
        0x1.ba4b44p-5f, 0x1.0402ep-5f, 0x1.1f2f06p-6f, 0x1.29fa54p-7f, 0x1.227214p-8f, 0x1.09f38ep-9f, 0x1.c9897ep-11f, NAN,
    },
    {
        -0x1.363ffap-13f, -0x1.0034e4p-13f, -0x1.297b96p-14f, -0x1.6842bp-14f, -0x1.09eedap-13f, -0x1.ad04a6p-14f, -0x1.2cb62p-14f, -0x1.e69048p-15f,
        -0x1.a2e0aap-16f, -0x1.334f1cp-15f, -0x1.5672b8p-15f, -0x1.7d219ep-16f, -0x1.af0fc4p-17f, -0x1.26fd76p-19f, -0x1.c6f242p-19f, NAN,
    },
    {
        -0x1.9671f2p-27f, 0x1.3293aap-31f, 0x1.fb23dap-30f, 0x1.fa8bbap-27f, 0x1.dc55c2p-28f, -0x1.626eb4p-28f, -0x1.15c3fcp-28f, -0x1.1d6e98p-29f,
        -0x1.305ba2p-30f, -0x1.d9a23ap-32f, -0x1.8c39eep-31f, 0x1.39a14ap-32f, -0x1.4ac58p-35f, 0x1.723d82p-38f, -0x1.3b4562p-36f, NAN,
    },
    {
        0x0p+0f, -0x1.8bf2b2p-5f, -0x1.6883c8p-4f, -0x1.ce8c04p-4f, -0x1.ef8e4ep-4f, -0x1.d394dep-4f, -0x1.8de0cp-4f, -0x1.3537c2p-4f,
        -0x1.ba4b3ap-5f, -0x1.248336p-5f, -0x1.66facp-6f, -0x1.99b82cp-7f, -0x1.b3ab14p-8f, -0x1.b02bbep-9f, -0x1.905846p-10f, NAN,
    },
    {
        -0x1.1057eep-4f, -0x1.eeeef2p-5f, -0x1.6883a4p-5f, -0x1.67c28cp-6f, -0x1.5f50c8p-23f, 0x1.188bcap-6f, 0x1.ba15aap-6f, 0x1.e5e9bep-6f,
        0x1.ba4b56p-6f, 0x1.60196ep-6f, 0x1.f692b8p-7f, 0x1.45ea18p-7f, 0x1.83430ap-8f, 0x1.a7dc3cp-9f, 0x1.acf08ep-10f, NAN,
    },
    {
        0x0p+0f, 0x1.83b2cap-7f, 0x1.4a76dp-6f, 0x1.77cf3ep-6f, 0x1.4a5d14p-6f, 0x1.c0197ap-7f, 0x1.8de16ap-8f, -0x1.9ca56cp-12f,
        -0x1.26de38p-8f, -0x1.92336ap-8f, -0x1.84e36ep-8f, -0x1.378f0ap-8f, -0x1.b3ac9p-9f, -0x1.105bbcp-9f, -0x1.349908p-10f, NAN,
    },
    {
        0x1.45c06cp-7f, 0x1.14bc5ep-7f, 0x1.2bd838p-8f, -0x1.20bfd2p-13f, -0x1.06ec5p-8f, -0x1.86eb74p-8f, -0x1.7f9de6p-8f, -0x1.1a3224p-8f,
        -0x1.27484p-9f, -0x1.ebcffcp-12f, 0x1.59a53p-11f, 0x1.25097ep-10f, 0x1.21d6ecp-10f, 0x1.c59c7p-11f, 0x1.2fa95cp-11f, NAN,
    },
    {
        0x0p+0f, -0x1.f8a902p-10f, -0x1.8f3c26p-9f, -0x1.8a97fp-9f, -0x1.05c3fap-9f, -0x1.2efdp-11f, 0x1.564124p-11f, 0x1.59fcdp-10f,
        0x1.62207ap-10f, 0x1.0320c8p-10f, 0x1.0b96f2p-11f, 0x1.fb5dd6p-14f, -0x1.c5e292p-14f, -0x1.90c428p-13f, -0x1.7aafacp-13f, NAN,
    },
};
/* clang-format on */

#define ISO_PHI16_WIDTH 0x1.00000a0000000p+0f

/* tanh(sqrt(2 / pi) (z + 0.044715 z^3)) / 2, by cells of 1/4 */
/* clang-format off */
static const float iso_gelu_tanh16_cells[9][16] = {
    {
        0x1.44ep-13f, 0x1.94da9p-4f, 0x1.8831dp-3f, 0x1.17eb7p-2f, 0x1.5d8338p-2f, 0x1.93c5a4p-2f, 0x1.bb846cp-2f, 0x1.d6f71cp-2f,
        0x1.e8c86cp-2f, 0x1.f3ab3cp-2f, 0x1.f9db8cp-2f, 0x1.fd25b8p-2f, 0x1.fec56p-2f, 0x1.ff827cp-2f, 0x1.ffd248p-2f, NAN,
    },
    {
        0x1.988454p-2f, 0x1.8be3b2p-2f, 0x1.685438p-2f, 0x1.341904p-2f, 0x1.ef2636p-3f, 0x1.7614e2p-3f, 0x1.09c7aep-3f, 0x1.6318e4p-4f,
        0x1.bda58p-5f, 0x1.06289cp-5f, 0x1.20430ep-6f, 0x1.26ffdap-7f, 0x1.178bf2p-8f, 0x1.e7bfcap-10f, 0x1.8546c2p-11f, NAN,
    },
    {
        -0x1.44dff8p-13f, -0x1.2547d6p-13f, -0x1.3330fep-14f, -0x1.487f8p-14f, -0x1.0e48dp-13f, -0x1.1fdd2cp-13f, -0x1.38f962p-14f, -0x1.70a714p-15f,
        -0x1.d9257cp-16f, -0x1.8d687ap-15f, -0x1.27e5e2p-15f, -0x1.7b66f4p-16f, -0x1.9b8aa6p-17f, -0x1.02654p-18f, -0x1.bbcca8p-20f, NAN,
    },
    {
        -0x1.973e1ap-27f, -0x1.f01d04p-28f, -0x1.8208f2p-30f, 0x1.7ab8c2p-27f, -0x1.ceebp-28f, -0x1.1a8d4ep-29f, -0x1.b64c64p-28f, 0x1.22af94p-30f,
        -0x1.e53904p-31f, -0x1.f4fbe2p-30f, 0x1.e6611ep-31f, 0x1.533acp-32f, -0x1.8c18e6p-36f, -0x1.0167bp-35f, -0x1.63cd42p-36f, NAN,
    },
    {
        0x0p+0f, -0x1.8daffcp-5f, -0x1.6983f4p-4f, -0x1.ceb338p-4f, -0x1.ee60fap-4f, -0x1.d186p-4f, -0x1.8c0a6ap-4f, -0x1.34908cp-4f,
        -0x1.bbc052p-5f, -0x1.279b58p-5f, -0x1.6d2542p-6f, -0x1.a178e6p-7f, -0x1.b82b6cp-8f, -0x1.a9d878p-9f, -0x1.77c7dcp-10f, NAN,
    },
    {
        -0x1.11b1p-4f, -0x1.f0861ap-5f, -0x1.6780aep-5f, -0x1.61360cp-6f, 0x1.af0c74p-12f, 0x1.1a9272p-6f, 0x1.b5d834p-6f, 0x1.de44f6p-6f,
        0x1.b3ec8ep-6f, 0x1.5df85ep-6f, 0x1.fa6ce4p-7f, 0x1.4d686ep-7f, 0x1.906df6p-8f, 0x1.b5dec2p-9f, 0x1.b212d2p-10f, NAN,
    },
    {
        0x0p+0f, 0x1.8c0a74p-7f, 0x1.500ba8p-6f, 0x1.7a9f44p-6f, 0x1.47d756p-6f, 0x1.b38f6p-7f, 0x1.7814b4p-8f, -0x1.df3e2p-12f,
        -0x1.19ce9cp-8f, -0x1.7f99f2p-8f, -0x1.7878f4p-8f, -0x1.35618cp-8f, -0x1.bd866ep-9f, -0x1.1d7804p-9f, -0x1.46bb4ap-10f, NAN,
    },
    {
        0x1.4d2c42p-7f, 0x1.19d0acp-7f, 0x1.29b6d6p-8f, -0x1.7b3a72p-12f, -0x1.17a83cp-8f, -0x1.8c2c18p-8f, -0x1.75be9p-8f, -0x1.0a4cc2p-8f,
        -0x1.13988p-9f, -0x1.fa72fap-12f, 0x1.1c3a72p-11f, 0x1.06b7a8p-10f, 0x1.14060cp-10f, 0x1.c9d8bap-11f, 0x1.419d84p-11f, NAN,
    },
    {
        0x0p+0f, -0x1.07128ap-9f, -0x1.a21398p-9f, -0x1.9ac5bp-9f, -0x1.020efcp-9f, -0x1.c76b02p-12f, 0x1.99dbd6p-11f, 0x1.57c23ap-10f,
        0x1.44a624p-10f, 0x1.ce4e06p-11f, 0x1.fd31cp-12f, 0x1.375532p-13f, -0x1.074b82p-14f, -0x1.513262p-13f, -0x1.6f0228p-13f, NAN,
    },
};
/* clang-format on */

#define ISO_GELU_TANH16_WIDTH 0x1.00000c0000000p+0f

/* log(m) */
/* clang-format off */
static const float iso_log_cells[8][32] = {
    {
        0x0p+0f, 0x1.f84p-6f, 0x1.f0cp-5f, 0x1.6f1p-4f, 0x1.e28p-4f, 0x1.2958p-3f, 0x1.5ff8p-3f, 0x1.9528p-3f,
        0x1.c9p-3f, 0x1.fb98p-3f, 0x1.1678p-2f, 0x1.2e9p-2f, 0x1.461cp-2f, 0x1.5d1cp-2f, 0x1.73ap-2f, 0x1.89a4p-2f,
        0x1.9f34p-2f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        -0x1.2694p-2f, -0x1.f99p-3f, -0x1.a938p-3f, -0x1.5bfp-3f, -0x1.1178p-3f, -0x1.933p-4f, -0x1.085p-4f, -0x1.04p-5f,
    },
    {
        0x1p+0f, 0x1.f07c2p-1f, 0x1.e1e1e2p-1f, 0x1.d41d42p-1f, 0x1.c71c72p-1f, 0x1.bacf92p-1f, 0x1.af286cp-1f, 0x1.a41a42p-1f,
        0x1.99999ap-1f, 0x1.8f9c18p-1f, 0x1.861862p-1f, 0x1.7d05f4p-1f, 0x1.745d18p-1f, 0x1.6c16c2p-1f, 0x1.642c86p-1f, 0x1.5c9882p-1f,
        0x1.555556p-1f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        0x1.555556p+0f, 0x1.47ae14p+0f, 0x1.3b13b2p+0f, 0x1.2f684cp+0f, 0x1.24924ap+0f, 0x1.1a7b96p+0f, 0x1.111112p+0f, 0x1.08421p+0f,
    },
    {
        0x0p+0f, -0x1.64f18813f7a4ap-18f, -0x1.cf3feebb03c12p-17f, -0x1.6ba8d50959f14p-19f, -0x1.f123aa2f415cep-17f, -0x1.683f007a9df68p-18f, -0x1.3e3d61bfe8edap-17f, -0x1.2b185d6467d42p-18f,
        -0x1.070cad1549ac1p-20f, -0x1.9e4a8710fb4c6p-17f, -0x1.1aa2a2d7e8ee8p-17f, -0x1.d451ee3b75877p-18f, -0x1.a1ef1d103ca19p-17f, -0x1.2053fb732190ap-21f, -0x1.404a2184a12d9p-17f, -0x1.8f27d7c5aa10bp-19f,
        -0x1.c1340682bef02p-18f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        -0x1.1089a7cc716fdp-17f, -0x1.c6cb3e26965b3p-19f, -0x1.b4f22bfbed9d4p-17f, -0x1.01ad516d15e6p-17f, -0x1.d044ff885b42fp-20f, -0x1.797565c03c16p-18f, -0x1.316b3cb2eae57p-17f, -0x1.5d89e777e7af1p-17f,
    },
    {
        0x0p+0f, -0x1.f07b509148598p-26f, -0x1.e1dca5afbd518p-29f, -0x1.5f13ce58eb37ap-28f, -0x1.c71ab0a98fde7p-28f, -0x1.67c8495f2c7b6p-26f, -0x1.af2738321ef86p-28f, -0x1.6f967935d7f67p-27f,
        -0x1.99992e335d9ffp-27f, 0x1.f3834c6509466p-26f, -0x1.e79e2d9467e73p-27f, 0x1.7d06f706dbfccp-29f, -0x1.745cfbb7a90fbp-26f, -0x1.27d2659c8663dp-26f, -0x1.bd377e955bfb9p-27f, 0x1.72621c423e8cdp-26f,
        -0x1.555546590a3e1p-26f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        -0x1.555195ca9f6bap-25f, 0x1.eb8ac0bca97c8p-26f, -0x1.89d679a7f4fd5p-25f, -0x1.2f61b930990a5p-27f, -0x1.b6da279b3a6f7p-25f, 0x1.1a838eaac92a8p-28f, -0x1.dddd14aeee9fbp-25f, 0x1.0842b06f256fdp-25f,
    },
    {
        -0x1p-1f, -0x1.e17099e63b24cp-2f, -0x1.c5894cce16546p-2f, -0x1.abfd7dcbac929p-2f, -0x1.948b0f9e1147dp-2f, -0x1.7ef8b4db5e735p-2f, -0x1.6b149087f3b9cp-2f, -0x1.58b314eca15fdp-2f,
        -0x1.47ae1461b5a79p-2f, -0x1.37e3fa6ec9d3cp-2f, -0x1.293725a8b80ap-2f, -0x1.1b8d5c48dad52p-2f, -0x1.0ecf56b034a44p-2f, -0x1.02e85bfc2e637p-2f, -0x1.ef8bdb22db769p-3f, -0x1.daaefe2fdb28p-3f,
        -0x1.c71c71b640c54p-3f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        -0x1.c71c70b9476dap-1f, -0x1.a36e2dde8fc5ep-1f, -0x1.83c97704425f3p-1f, -0x1.67980d86da89cp-1f, -0x1.4e5e0a07f22c3p-1f, -0x1.37b481f1c525fp-1f, -0x1.23456742f2fb1p-1f, -0x1.10c852e2f23c7p-1f,
    },
    {
        0x1.5555550882aa5p-2f, 0x1.373bdcd2ff90ap-2f, 0x1.1c9262394f94cp-2f, 0x1.04dec672560f1p-2f, 0x1.df75679fa4ef6p-3f, 0x1.b99ff2f8236bep-3f, 0x1.97ab4ccc05f5p-3f, 0x1.791b7079cbaebp-3f,
        0x1.5d867c091b68p-3f, 0x1.4491ab075efe3p-3f, 0x1.2deee11a58f36p-3f, 0x1.195aa6eab61a5p-3f, 0x1.069a828d92c16p-3f, 0x1.eaf733146a0fbp-4f, 0x1.cba31ccd12879p-4f, 0x1.aeeb1d26c9b2fp-4f,
        0x1.948b0faf762b6p-4f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        0x1.948b0dedb225cp-1f, 0x1.65e9f6a6ae326p-1f, 0x1.3e2f260aef37bp-1f, 0x1.1c1fa524266cfp-1f, 0x1.fd831ad6c4bcp-2f, 0x1.ca99c1a07e00fp-2f, 0x1.9e409277c7cb5p-2f, 0x1.77714dfbaa78ep-2f,
    },
    {
        -0x1.00099a03381a9p-2f, -0x1.c4cec6cea7379p-3f, -0x1.91d5d94096c3bp-3f, -0x1.65d6808b19e4fp-3f, -0x1.3fb3644277aedp-3f, -0x1.1e82fbc54863p-3f, -0x1.018513c7b23d8p-3f, -0x1.d0354e19b3b08p-4f,
        -0x1.a37ef63fbcf88p-4f, -0x1.7c0a2db8f97fdp-4f, -0x1.591d86cc8f1a2p-4f, -0x1.3a1cb789838e9p-4f, -0x1.1e837b92d5548p-4f, -0x1.05e173372a327p-4f, -0x1.dfad95231b50bp-5f, -0x1.b822ff0228246p-5f,
        -0x1.94964cd3cc71ap-5f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        -0x1.94b8072e574fap-1f, -0x1.57bc207d5d843p-1f, -0x1.25d130017139fp-1f, -0x1.f9482d3eed4dbp-2f, -0x1.b4dd2f03556cap-2f, -0x1.7ba4f79ec3b74p-2f, -0x1.4b7e6ea7c1621p-2f, -0x1.22bdaa06dc2b6p-2f,
    },
    {
        0x1.99b508e2d4764p-3f, 0x1.5f4a07dad1b65p-3f, 0x1.2e93220a70a67p-3f, 0x1.05bf082964777p-3f, 0x1.c6b51ab1b6036p-4f, 0x1.8c7d001cf4d4ap-4f, 0x1.5afd3651badc7p-4f, 0x1.30b93b460e79cp-4f,
        0x1.0c7ce68e21bep-4f, 0x1.da9a981e3dfc2p-5f, 0x1.a4ba18a3b7011p-5f, 0x1.760678c336807p-5f, 0x1.4d688db835816p-5f, 0x1.29f8a0611ced4p-5f, 0x1.0af58af93bf1dp-5f, 0x1.df7b4c70e6efap-6f,
        0x1.af92402422ffcp-6f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x0p+0f,
        0x1.afbf3964c562dp-1f, 0x1.60050bebac61p-1f, 0x1.2152d93aaa594p-1f, 0x1.df1f8b211b8acp-2f, 0x1.8f734ac280587p-2f, 0x1.4f28c68b11acep-2f, 0x1.1ae4f8c5c5b8bp-2f, 0x1.e038fd57effcdp-3f,
    },
};
/* clang-format on */

/* log(m), by cells of 1/16 */
/* clang-format off */
static const float iso_log16_cells[4][16] = {
    {
        0x0p+0f, 0x1.f0cp-5f, 0x1.e28p-4f, 0x1.5ff8p-3f, 0x1.c9p-3f, 0x1.1678p-2f, 0x1.461cp-2f, 0x1.73ap-2f,
        0x1.9f34p-2f, 0x0p+0f, 0x0p+0f, 0x0p+0f, -0x1.2694p-2f, -0x1.a938p-3f, -0x1.1178p-3f, -0x1.085p-4f,
    },
    {
        0x1p+0f, 0x1.e1e1e2p-1f, 0x1.c71c72p-1f, 0x1.af286cp-1f, 0x1.99999ap-1f, 0x1.861862p-1f, 0x1.745d18p-1f, 0x1.642c86p-1f,
        0x1.555556p-1f, 0x0p+0f, 0x0p+0f, 0x0p+0f, 0x1.555556p+0f, 0x1.3b13b2p+0f, 0x1.24924ap+0f, 0x1.111112p+0f,
    },
    {
        0x0p+0f, -0x1.cf3fee9d599e8p-17f, -0x1.f123aa1a342c3p-17f, -0x1.3e3d61b0b0de3p-17f, -0x1.070cacbbca7b4p-20f, -0x1.1aa2a2cf8fe32p-17f, -0x1.a1ef1d09ec17ap-17f, -0x1.404a217fcb18fp-17f,
        -0x1.c134067b40d49p-18f, 0x0p+0f, 0x0p+0f, 0x0p+0f, -0x1.1089a6dc93c1ep-17f, -0x1.b4f22b678dbcbp-17f, -0x1.d044fc8f7bc67p-20f, -0x1.316b3c740d114p-17f,
    },
    {
        0x0p+0f, -0x1.e1e1e1e1e1e1ep-29f, -0x1.c71c71c71c71cp-28f, -0x1.af286bca1af28p-28f, -0x1.999999999999ap-27f, -0x1.e79e79e79e79ep-27f, -0x1.745d1745d1746p-26f, -0x1.bd37a6f4de9bdp-27f,
        -0x1.5555555555555p-26f, 0x0p+0f, 0x0p+0f, 0x0p+0f, -0x1.5555555555555p-25f, -0x1.89d89d89d89d9p-25f, -0x1.b6db6db6db6dbp-25f, -0x1.ddddddddddddep-25f,
    },
};
/* clang-format on */

/* ln(2): a multiple of 2^-16, whose products with exponents are exact, and the rest. */
#define ISO_LN2_FLOAT_HIGH 0x1.62e4000000000p-1f
#define ISO_LN2_FLOAT_LOW  0x1.7f7d1c0000000p-20f

/* ln(2) / 32 in three parts, and 2^(i/32) and 2^(i/16) as a number and (1 - 8 * 2^-24) times the rest, of binary32. */
#define ISO_EXP_STEP_HIGH   0x1.62e0000000000p-6f
#define ISO_EXP_STEP_MIDDLE 0x1.0c00000000000p-20f
#define ISO_EXP_STEP_LOW    -0x1.05c6100000000p-34f
#define ISO_EXP_SCALE       0x1.0000780000000p+0f
#define ISO_EXP_WIDTH       0x1.0000100000000p+0f
/* clang-format off */
static const float iso_exp2_32nds_high[32] = {
    0x1.ffffp-1f, 0x1.059a8ap+0f, 0x1.0b5502p+0f, 0x1.112f94p+0f, 0x1.172af8p+0f, 0x1.1d47e4p+0f, 0x1.238716p+0f, 0x1.29e94ap+0f,
    0x1.306f48p+0f, 0x1.3719d8p+0f, 0x1.3de9c6p+0f, 0x1.44dfe4p+0f, 0x1.4bfd08p+0f, 0x1.53420cp+0f, 0x1.5aafdp+0f, 0x1.62473ap+0f,
    0x1.6a0932p+0f, 0x1.71f6a6p+0f, 0x1.7a108ap+0f, 0x1.8257d8p+0f, 0x1.8acd8ep+0f, 0x1.9372b2p+0f, 0x1.9c484ap+0f, 0x1.a54f68p+0f,
    0x1.ae8922p+0f, 0x1.b7f694p+0f, 0x1.c198dep+0f, 0x1.cb7128p+0f, 0x1.d580a4p+0f, 0x1.dfc884p+0f, 0x1.ea4a06p+0f, 0x1.f5066cp+0f,
};
/* clang-format on */
/* clang-format off */
static const float iso_exp2_32nds_low[32] = {
    0x1.fffffp-18f, 0x1.0662a8p-17f, 0x1.099f28p-17f, 0x1.120242p-17f, 0x1.178fa2p-17f, 0x1.1e2d0ep-17f, 0x1.21cea4p-17f, 0x1.2aa3f2p-17f,
    0x1.31462ep-17f, 0x1.36e74cp-17f, 0x1.3d823cp-17f, 0x1.440c28p-17f, 0x1.4aa6bap-17f, 0x1.52d3ap-17f, 0x1.5ba9p-17f, 0x1.62074p-17f,
    0x1.68cfdcp-17f, 0x1.711d8p-17f, 0x1.7a7d54p-17f, 0x1.83298ep-17f, 0x1.8c4548p-17f, 0x1.9219acp-17f, 0x1.9c5472p-17f, 0x1.a647b8p-17f,
    0x1.af2b4cp-17f, 0x1.b65f5ep-17f, 0x1.bfb09cp-17f, 0x1.cb9de4p-17f, 0x1.d39f66p-17f, 0x1.de6f64p-17f, 0x1.e85482p-17f, 0x1.f36dbap-17f,
};
/* clang-format on */
/* clang-format off */
static const float iso_exp2_16ths_high[16] = {
    0x1.ffffp-1f, 0x1.0b5502p+0f, 0x1.172af8p+0f, 0x1.238716p+0f, 0x1.306f48p+0f, 0x1.3de9c6p+0f, 0x1.4bfd08p+0f, 0x1.5aafdp+0f,
    0x1.6a0932p+0f, 0x1.7a108ap+0f, 0x1.8acd8ep+0f, 0x1.9c484ap+0f, 0x1.ae8922p+0f, 0x1.c198dep+0f, 0x1.d580a4p+0f, 0x1.ea4a06p+0f,
};
/* clang-format on */
/* clang-format off */
static const float iso_exp2_16ths_low[16] = {
    0x1.fffffp-18f, 0x1.099f28p-17f, 0x1.178fa2p-17f, 0x1.21cea4p-17f, 0x1.31462ep-17f, 0x1.3d823cp-17f, 0x1.4aa6bap-17f, 0x1.5ba9p-17f,
    0x1.68cfdcp-17f, 0x1.7a7d54p-17f, 0x1.8c4548p-17f, 0x1.9c5472p-17f, 0x1.af2b4cp-17f, 0x1.bfb09cp-17f, 0x1.d39f66p-17f, 0x1.e85482p-17f,
};
/* clang-format on */

#endif
