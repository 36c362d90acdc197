"""Made-up traffic that looks like the real thing: roads across the borders, cars with limits, receivers with
faults.

Pure but for one thing: randomness, always from a generator that the caller seeds.
"""
