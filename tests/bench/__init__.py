"""Benchmarks: each a module with `run(quick, progress)`, all figures measured in that run.

`python -m tests.bench cap --quick --json` (which `duologue bench cap` starts). The process of a
benchmark is the simulator and the people on it; the network and the baselines beside it are
processes of their own, whose CPU and memory the kernel counts.
"""
