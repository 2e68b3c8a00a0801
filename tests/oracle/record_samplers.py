#!/usr/bin/env python3
"""What PyTorch's samplers and random_split draw: prints the known answers of tests/data/sampler.c.

    build/torch/bin/python tests/oracle/record_samplers.py
"""
import torch
from torch.utils.data import RandomSampler, SubsetRandomSampler, WeightedRandomSampler, random_split

SAMPLES = range(23)
WEIGHTS = [i % 4 * 0.5 + 0.25 for i in SAMPLES]


def generator(seed):
    return torch.Generator().manual_seed(seed)


def show(name, indices):
    print(f"{name}: {{{', '.join(map(str, indices))}}}")


print(f"PyTorch {torch.__version__}")
torch.manual_seed(3)
show("RandomSampler", RandomSampler(SAMPLES))
show("its generator goes on with", [torch.randint(2**62, (1,)).item()])
show("RandomSampler, given generator", RandomSampler(SAMPLES, generator=generator(7)))
show("replacement", RandomSampler(SAMPLES, replacement=True, num_samples=40, generator=generator(8)))
show("num_samples above all", RandomSampler(SAMPLES, num_samples=50, generator=generator(9)))
show("SubsetRandomSampler", SubsetRandomSampler([5, 1, 9, 9, 22, 0, 3], generator=generator(10)))
show("WeightedRandomSampler", WeightedRandomSampler(WEIGHTS, 31, True, generator=generator(11)))
show("without replacement", WeightedRandomSampler(WEIGHTS, 17, False, generator=generator(12)))
for lengths in [0.7, 0.2, 0.1], [20, 3]:
    show(f"random_split {lengths}", [i for part in random_split(SAMPLES, lengths, generator=generator(13)) for i in part.indices])
