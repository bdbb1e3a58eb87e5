"""How fast the shop is, stated as ratios to floors that are measured in the same run. ``make bench`` runs it.

Numbers of one machine at one moment say little; the ratio of two things that took turns on the same machine says more. Method
and results stand in docs/performance.md.
"""
