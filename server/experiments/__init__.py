"""Live experiments: which arm a customer gets, who was exposed, statistics, and the bandit over arms.

Pure functions and their store. It decides which published version a turn uses and counts what came of it; it never
talks to a model, a customer or the network. Nothing is here yet.
"""
