"""A scenario (area, sites, movers, clutter, seed) as device emulators and truth.jsonl.

Nothing is bypassed: the emulators speak the devices' wire formats to the real adapters.
The world is a pure function of (scenario, start, time); see data/scenarios/README.md.
"""
