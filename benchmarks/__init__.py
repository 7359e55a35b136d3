"""How fast it is, as ratios beside hand-written SQL that does the same work on the same tables in the same run."""
