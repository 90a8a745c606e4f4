"""Measures a TREC run as trec_eval does: python measures.py QRELS RUN. Prints what `duijie evaluate` prints of it."""

import sys

import ir_measures
from ir_measures import RR, R, nDCG

NAMES = {"nDCG@10": nDCG @ 10, "MRR": RR, "R@10": R @ 10, "R@100": R @ 100}

qrels, run = sys.argv[1:]
measured = ir_measures.calc_aggregate(
    NAMES.values(), list(ir_measures.read_trec_qrels(qrels)), list(ir_measures.read_trec_run(run))
)
for name, measure in NAMES.items():
    print(f"{name} {measured[measure]:.4f}")
